"""An input that the data need not hold: a target one step late, as a model reads what it writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label
from seqspec.ir.feeding import Feeder
from seqspec.ir.graph import Value
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.loops import Loop, Token
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.ir.task import Late


def late_input(
    feeder: Feeder, generate: Section | None, kinds: Mapping[str, str], present: Collection[str]
) -> Late | Failed | None:
    """The input of a generate section that the data leaves to its target.

    None if there is none, or if the data has an array for it. ``kinds`` tells when each output's
    target is taken, ``present`` the arrays that are there.
    """
    found = None if generate is None else _looped(feeder, generate, kinds)
    if found is None or generate is None:
        return None
    value, one = found
    start: Token | None = generate.values["start"]
    # The array that is the target cannot be meant to be read as it is.
    others = [name for name in present if name not in one.target.columns]
    if _fed(feeder, value, others) or start is None or isinstance(start.value, str):
        return None
    why, help = _obstacle(feeder, one)
    if not why:
        return Late(value.name, one.target.columns, start.value)
    feeder.sink.report(
        codes.NOT_LATE(looped=value.name, why=why),
        one.loss.span,
        labels=(Label(value.span, "this is fed back"),),
        help=help,
    )
    return FAILED


def _looped(
    feeder: Feeder, generate: Section, kinds: Mapping[str, str]
) -> tuple[Value, Trained] | None:
    """The input that is fed back, and the output with a target for each step that feeds it."""
    loop: Loop = generate.values["loop"]
    named = [one for one in feeder.trained if loop.output in ("", one.output)]
    inputs = [v for v in feeder.graph.inputs if v.name == loop.input and not v.parts]
    if len(named) != 1 or len(inputs) != 1 or kinds[named[0].output] != "row":
        return None
    tokens = inputs[0].tensor.kind == "token" and inputs[0].tensor.rank == 2
    return (inputs[0], named[0]) if tokens and len(named[0].target.columns) == 1 else None


def _fed(feeder: Feeder, value: Value, present: Collection[str]) -> bool:
    """Whether the data feeds the input by itself: ``inputs`` names it, or the file has it."""
    only = feeder.given is not None and len(feeder.graph.inputs) == 1
    return only or value.name in feeder.feeding or value.name in present


def _obstacle(feeder: Feeder, one: Trained) -> tuple[str, str]:
    """Why a target cannot be an input, and what to do; empty if it can."""
    loss = one.loss.setting
    if loss.entry.facts["target"] != "class_ids":
        why = f"`{loss.name}` does not compare with ids"
        return why, "use sparse_categorical_crossentropy, or save the input as an array of its name"
    ignored: Any = loss.args.get("ignore_class")
    if ignored is not None and ignored < 0:
        return f"its target may hold {ignored}, which is no id", "ignore an id, such as 0"
    if feeder.section.values["memory"] == "map":
        return "it is made in memory, and `memory = map` keeps arrays in their file", "leave it out"
    return "", ""
