"""A layer with a window of steps, run a step at a time: the steps before it are kept.

What is kept and what comes stand side by side, the layer runs over both, and what it gives for the
steps that were kept is left out. At first zeros are kept, which is what the layer's own padding is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seqspec.ir.graph import Layer, Node, Value
from seqspec.ir.values import value_of
from seqspec.shapes.dim import Dim
from seqspec.types import State
from seqspec.vocabulary.forms import SLICE, Cut
from seqspec.vocabulary.joining import CONCAT
from seqspec.vocabulary.spec import LayerSpec

_PAST = "past"


@dataclass(frozen=True, eq=False)
class Window:
    """``nodes`` give the result; ``given`` are the steps before it, ``kept`` those for the next."""

    nodes: tuple[Node, ...]
    given: Value
    kept: Value


def with_past(node: Node, x: Value, result: Value, reach: int, name: str) -> Window:
    """A node whose operand is ``x``, and which is to give ``result``, over ``reach`` steps more."""
    batch, steps, *rest = x.tensor.shape
    shape = (batch, Dim.of(reach), *rest)
    given = value_of(State(node.unit.kind, ((_PAST, shape),)), node.span, name)
    longer = replace(x.tensor, shape=(batch, steps + reach, *rest))
    window = Value(longer, node.span, f"{name}_window")
    wide = replace(result.tensor, shape=(batch, steps + reach, *result.tensor.shape[2:]))
    whole = Value(wide, node.span)
    kept = Value(replace(longer, shape=shape), node.span, f"{name}_{_PAST}")
    nodes = (
        _node(CONCAT, f"{name}_join", {"axis": 1}, (given.parts[0], x), window, node),
        replace(node, inputs=(window,), outputs={node.result: whole}, loses_mask=False),
        _node(SLICE, f"{name}_part", _steps(reach), (whole,), result, node),
        _node(SLICE, f"{name}_last", _steps(-reach), (window,), kept, node),
    )
    return Window(nodes, given, kept)


def _steps(start: int) -> dict[str, tuple[Cut, Cut]]:
    """The steps from a place on."""
    return {"index": (Cut(), Cut(start=start))}


def _node(
    spec: LayerSpec,
    name: str,
    args: Mapping[str, object],
    inputs: tuple[Value, ...],
    output: Value,
    like: Node,
) -> Node:
    layer = Layer(name, spec, args, (), like.span)
    return Node(layer, inputs, {"output": output}, "output", like.span)
