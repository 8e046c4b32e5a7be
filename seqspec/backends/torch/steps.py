"""Models applied to every step that work on the last axis only need no folding of steps.

``x -> each(Head)`` where Head is dense layers and what goes between them computes the same if it is
handed all steps as they are. The graph is rewritten so: such a model takes its values with the
axes that were kept aside, and is applied like any other.
"""

from __future__ import annotations

from dataclasses import replace

from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.shapes.dim import Shape, product
from seqspec.types import Tensor

_LAST_AXIS = frozenset(
    {"dense", "activation", "softmax", "dropout", "embedding", "add", "arithmetic"}
)


def step_by_step(graph: Graph) -> Graph:
    """The graph with such applications made plain ones; itself if it has none."""
    units: dict[Unit, Unit] = {}
    plain: set[Unit] = set()
    for unit in graph.units:
        if not isinstance(unit, SubModel):
            continue
        inner = step_by_step(unit.graph)
        kept = _kept(graph, unit)
        if kept and _on_last_axis(inner, product(kept)):
            inner = _with_steps(inner, kept)
            plain.add(unit)
        if inner is not unit.graph:
            units[unit] = SubModel(unit.name, inner, unit.span)
    if not units:
        return graph
    nodes = tuple(
        replace(
            node,
            unit=units.get(node.unit, node.unit),
            fold=0 if node.unit in plain else node.fold,
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _kept(graph: Graph, unit: SubModel) -> Shape:
    """The axes kept aside in all applications of a model, with the batch; empty if they differ."""
    found = {
        node.inputs[0].tensor.shape[: node.fold + 1] if node.fold else ()
        for node in graph.nodes
        if node.unit is unit
    }
    return found.pop() if len(found) == 1 else ()


def _on_last_axis(graph: Graph, batch: object) -> bool:
    """Whether all that a graph computes is computed along last axes, and its first is ``batch``."""
    values = {*graph.inputs, *(v for node in graph.nodes for v in node.outputs.values())}
    return all(_batched(value, batch) for value in values) and all(
        _layer_on_last_axis(node.unit)
        if isinstance(node.unit, Layer)
        else not node.fold and _on_last_axis(node.unit.graph, batch)
        for node in graph.nodes
    )


def _batched(value: Value, batch: object) -> bool:
    return isinstance(value.type, Tensor) and value.type.shape[:1] == (batch,)


def _layer_on_last_axis(layer: Layer) -> bool:
    return layer.kind in _LAST_AXIS or (layer.kind == "concat" and layer.args["axis"] == -1)


def _with_steps(graph: Graph, kept: Shape) -> Graph:
    """The graph with ``kept`` in place of every value's first axis."""
    values: dict[Value, Value] = {}
    units: dict[Unit, Unit] = {}

    def moved(value: Value) -> Value:
        if value not in values:
            tensor = value.tensor
            spread = tensor.shaped((*kept, *tensor.shape[1:]))
            values[value] = Value(spread, value.span, value.name)
        return values[value]

    def unit(found: Unit) -> Unit:
        if isinstance(found, SubModel) and found not in units:
            units[found] = SubModel(found.name, _with_steps(found.graph, kept), found.span)
        return units.get(found, found)

    def node(old: Node) -> Node:
        outputs = {name: moved(value) for name, value in old.outputs.items()}
        inputs = tuple(map(moved, old.inputs))
        return replace(old, unit=unit(old.unit), inputs=inputs, outputs=outputs)

    return replace(
        graph,
        inputs=tuple(map(moved, graph.inputs)),
        nodes=tuple(map(node, graph.nodes)),
        outputs=tuple((name, moved(value)) for name, value in graph.outputs),
    )
