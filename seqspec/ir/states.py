"""Initial states: of the right layer, of the right size, one way or both."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.items import Flow
from seqspec.shapes.dim import Shape, same_shape, show
from seqspec.source import Span
from seqspec.types import State, Tensor
from seqspec.vocabulary.spec import Applied


def check(layer: str, applied: Applied, given: tuple[Flow, ...], at: Span, sink: Sink) -> bool:
    """Whether a layer can start from what was given; reports if not.

    ``given`` is one value of a state type, or one tensor [B, units] per state in Keras's order.
    """
    needed = applied.outputs["state"]
    assert isinstance(needed, State)
    wanted = _count(needed)
    first = given[0].value
    labels = tuple(Label(f.value.span, f"this is {_say(f)}") for f in given[:1])
    if len(given) == 1 and isinstance(first.type, State):
        return _check_state(layer, needed, first.type, labels, at, sink)
    if len(given) != len(needed.parts):
        actual = "1 tensor" if len(given) == 1 else f"{len(given)} tensors"
        order = ", ".join(name for name, _ in needed.parts)
        sink.report(
            codes.WRONG_STATE(layer=layer, needed=wanted, actual=actual),
            at,
            labels=labels,
            help=f"a state written by hand is a list in Keras's order: [{order}]",
        )
        return False
    for flow, (name, shape) in zip(given, needed.parts, strict=True):
        type_ = flow.value.type
        if not isinstance(type_, Tensor) or not same_shape(type_.shape, shape):
            actual = type_.shape if isinstance(type_, Tensor) else ()
            _report_size(
                layer, name, shape, actual, (Label(flow.value.span, _say(flow)),), at, sink
            )
            return False
    return True


def _check_state(
    layer: str, needed: State, given: State, labels: tuple[Label, ...], at: Span, sink: Sink
) -> bool:
    names = [n for n, _ in given.parts]
    wanted = [n for n, _ in needed.parts]
    if names != wanted:
        both_ways = [f"forward_{n}" for n in wanted] + [f"backward_{n}" for n in wanted]
        if names == both_ways:
            width = given.parts[0][1][-1]
            sink.report(
                codes.TWO_WAY_STATE(layer=layer),
                at,
                labels=labels,
                help="take one direction (`.forward.state`), or join the halves: "
                + f"`{layer}({width + width})` with initial=["
                + ", ".join(f"concat(….forward.state.{n}, ….backward.state.{n})" for n in wanted)
                + "]",
            )
            return False
        sink.report(
            codes.WRONG_STATE(layer=layer, needed=_count(needed), actual=f"a {given}"),
            at,
            labels=labels,
            help=f"`{layer}` keeps {', '.join(wanted)}; use the same kind of layer on both sides, "
            "or hand over single tensors: initial=["
            + ", ".join(f"….state.{n if n in names else names[0]}" for n in wanted)
            + "]",
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
) -> None:
    sink.report(
        codes.STATE_SIZE(layer=layer, needed=str(needed[-1]), actual=show(actual)),
        at,
        here=f"needs {part} {show(needed)}",
        labels=labels,
        help="give both layers the same units, or put a `dense(...)` between the states",
    )


def _count(state: State) -> str:
    parts = ", ".join(f"{n} {show(s)}" for n, s in state.parts)
    return f"{len(state.parts)} tensor{'s' if len(state.parts) > 1 else ''} ({parts})"


def _say(flow: Flow) -> str:
    type_ = flow.value.type
    return f"the {type_}" if isinstance(type_, State) else str(type_)
