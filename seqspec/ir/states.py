"""Initial states: of the right layer, of the right size, one way or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir.graph import Value
from seqspec.ir.items import Flow
from seqspec.shapes.dim import Shape, same_shape, show
from seqspec.source import Span
from seqspec.types import State, Tensor
from seqspec.vocabulary.spec import Applied


@dataclass(frozen=True, slots=True)
class Start:
    """What is given as an initial state, with where and how it is written.

    ``given`` is one value of a state type, or one tensor [B, units] per state in Keras's order;
    weights of the model's own are [units], the same for all samples.
    """

    given: tuple[Flow, ...]
    at: Span
    text: str


def is_output(start: Start, sink: Sink) -> bool:
    """Whether an output of a layer is given where its state is meant; reports if so."""
    (flow,) = start.given
    outputs: Mapping[str, Value] = flow.node.outputs if flow.node is not None else {}
    # Not a tensor of the state: one of those does start a layer that keeps one.
    has_state = "state" in outputs and flow.value in outputs.values()
    if not isinstance(flow.value.type, Tensor) or not has_state or flow.made_by is None:
        return False
    sink.report(
        codes.WRONG_STATE(layer="initial", needed="a state", actual=f"an output {flow.value.type}"),
        start.at,
        labels=(Label(flow.value.span, f"this gives {flow.value.type}"),),
        help=f"write `{start.text}.state`",
        fix=Fix(Span(start.at.end, start.at.end), ".state"),
    )
    return True


def check(layer: str, applied: Applied, start: Start, sink: Sink) -> bool:
    """Whether a layer can start from what was given; reports if not."""
    given, at = start.given, start.at
    needed = applied.outputs["state"]
    assert isinstance(needed, State)
    counted = _count(needed)
    first = given[0].value
    labels = tuple(Label(f.value.span, f"this is {_say(f)}") for f in given[:1])
    if len(given) == 1 and isinstance(first.type, State):
        return _check_state(layer, needed, first.type, labels, start, sink)
    if len(given) != len(needed.parts):
        actual = "1 tensor" if len(given) == 1 else f"{len(given)} tensors"
        order = ", ".join(name for name, _ in needed.parts)
        sink.report(
            codes.WRONG_STATE(layer=layer, needed=counted, actual=actual),
            at,
            labels=labels,
            help=f"a state written by hand is a list in Keras's order: [{order}]",
        )
        return False
    for flow, (name, shape) in zip(given, needed.parts, strict=True):
        type_ = flow.value.type
        wanted = shape[1:] if flow.learnt else shape
        if not isinstance(type_, Tensor) or not same_shape(type_.shape, wanted):
            actual = type_.shape if isinstance(type_, Tensor) else ()
            labels = (Label(flow.value.span, _say(flow)),)
            _report_size(layer, name, wanted, actual, labels, at, sink, learnt=flow.learnt)
            return False
    return True


def _check_state(
    layer: str, needed: State, given: State, labels: tuple[Label, ...], start: Start, sink: Sink
) -> bool:
    at, text = start.at, start.text
    named = text.endswith(".state")
    names = [n for n, _ in given.parts]
    wanted = [n for n, _ in needed.parts]
    if names != wanted:
        both_ways = [f"forward_{n}" for n in wanted] + [f"backward_{n}" for n in wanted]
        if names == both_ways:
            width = given.parts[0][1][-1]
            who = text.removesuffix(".state") if named else "…"
            halves = ", ".join(
                f"concat({who}.forward.state.{n}, {who}.backward.state.{n})" for n in wanted
            )
            sink.report(
                codes.TWO_WAY_STATE(layer=layer),
                at,
                labels=labels,
                help=f"take one direction: initial={who}.forward.state\n"
                f"or join the halves: {layer}({width + width}, initial=[{halves}])",
                fix=Fix(at, f"{who}.forward.state") if named else None,
            )
            return False
        parts = ", ".join(f"{text}.{n if n in names else names[0]}" for n in wanted)
        sink.report(
            codes.WRONG_STATE(layer=layer, needed=_count(needed), actual=f"the {given}"),
            at,
            labels=labels,
            help=f"use the same kind of layer on both sides, or hand over single tensors: "
            f"initial=[{parts}]",
            fix=Fix(at, f"[{parts}]") if named and set(wanted) <= set(names) else None,
        )
        return False
    for (name, mine), (_, theirs) in zip(needed.parts, given.parts, strict=True):
        if not same_shape(mine, theirs):
            _report_size(layer, name, mine, theirs, labels, at, sink)
            return False
    return True


def _report_size(
    layer: str,
    part: str,
    needed: Shape,
    actual: Shape,
    labels: tuple[Label, ...],
    at: Span,
    sink: Sink,
    *,
    learnt: bool = False,
) -> None:
    there = actual[-1] if actual else ""
    help = f"give both layers the same units: {layer}({there}) here, or {needed[-1]} there"
    if learnt:
        help = f"declare the weight as float{show(needed)}: it is the same for all samples"
    sink.report(
        codes.STATE_SIZE(layer=layer, needed=str(needed[-1]), actual=show(actual)),
        at,
        here=f"needs {part} {show(needed)}",
        labels=labels,
        help=help if actual else "an initial state is made of tensors",
    )


def _count(state: State) -> str:
    parts = ", ".join(f"{n} {show(s)}" for n, s in state.parts)
    return f"{len(state.parts)} tensor{'s' if len(state.parts) > 1 else ''} ({parts})"


def _say(flow: Flow) -> str:
    type_ = flow.value.type
    return f"the {type_}" if isinstance(type_, State) else str(type_)
