"""A stream section against its model: which input comes step by step, and what is asked for."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.causality import sights
from seqspec.ir.graph import Graph, Value
from seqspec.ir.sections import Section
from seqspec.ir.stepping import STEPPABLE, Obstacle, Stepping, has_steps, take_apart
from seqspec.ir.task import Stepped, Training
from seqspec.source import Span
from seqspec.types import Tensor


def check(section: Section, graph: Graph, training: Training | None, sink: Sink) -> Stepped | None:
    """What a stream section runs step by step; None after reporting what does not fit."""
    ports = {v.name: v for v in graph.inputs if not v.parts and has_steps(v)}
    looped = _picked("input", ports, section, graph, sink)
    outputs = {name: v for name, v in graph.outputs if isinstance(v.type, Tensor)}
    output = _picked("output", outputs, section, graph, sink) if looped else None
    if looped is None or output is None:
        return None
    at = section.at("output")
    parts = taken_apart(graph, ports[looped], output, at, sink)
    if parts is None:
        return None
    why, blamed = unfit(parts)
    if not why and training is not None and training.data.scale is not None:
        several = training.several and "several outputs are trained on scaled targets"
        why = several or (training.data.scaled_by_series and "each series has its own scale") or ""
    if why:
        labels = (Label(blamed.span, f"this is {blamed.type}"),) if blamed is not None else ()
        finding = codes.NO_STEPPER(model=graph.name, why=why)
        sink.report(finding, section.span, labels=labels)
        return None
    return Stepped(looped, output)


def _picked(
    which: str, known: dict[str, Value], section: Section, graph: Graph, sink: Sink
) -> str | None:
    """The input or output that a section names, or the only one there is."""
    written = section.values[which]
    if written in known:
        return written
    if written is None and len(known) == 1:
        return next(iter(known))
    listed = ", ".join(known)
    if written is not None:
        help = did_you_mean(written, known) or f"each {which} of `{graph.name}`: {listed}"
        sink.report(codes.UNKNOWN_NAME(name=written), section.at(which), help=help)
        return None
    why = f"it has no {which} with steps" if which == "input" else "it gives a state only"
    help = "declare one, such as float[B, T, 3]" if which == "input" else "give it an output"
    if known:
        why, help = f"it has several {which}s ({listed})", f"write `{which} = {next(iter(known))}`"
    sink.report(codes.NO_STEPPER(model=graph.name, why=why), section.span, help=help)
    return None


def taken_apart(
    graph: Graph, looped: Value, output: str, at: Span, sink: Sink, instead: str = ""
) -> Stepping | None:
    """The parts of a model that is run step by step; None after reporting why it cannot be.

    ``instead`` is what else the help may advise.
    """
    wanted = dict(graph.outputs)[output]
    if looped not in sights(graph)[wanted].inputs:
        why = f"`{output}` does not depend on `{looped.name}`"
        labels = (Label(wanted.span, f"this is {wanted.type}"),)
        sink.report(codes.NO_STEPPER(model=graph.name, why=why), at, labels=labels)
        return None
    parts = take_apart(graph, looped, output)
    if isinstance(parts, Obstacle):
        sink.report(
            codes.NOT_STEPPED(layer=parts.node.unit.kind, reason=parts.reason),
            at,
            labels=(Label(parts.node.span, "on the way from input to output"),),
            help=STEPPABLE + instead,
        )
        return None
    return parts


def unfit(parts: Stepping) -> tuple[str, Value | None]:
    """Why what a model keeps for each lane cannot stand side by side, and what is to blame."""
    if not parts.states:
        return "it has no recurrent layer, so each step is on its own", None
    for given, value in parts.memory:
        shape = given.tensor.shape[1:]
        if given.mask is not None or any(dim.value is None for dim in shape):
            why = f"each lane would keep a sequence of its own length ({given.tensor})"
            return why, value
    return "", None
