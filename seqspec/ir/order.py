"""The order of steps: where a sequence comes out last step first, and what does not fit that."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Value
from seqspec.shapes.dim import same_shape
from seqspec.types import Tensor


class Order:
    """Which values of a graph have their steps in reverse order, and which node made it so."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._turned: dict[Value, Node | None] = {}
        for node in graph.nodes:
            for port, value in node.outputs.items():
                self._turned[value] = self._turn(node, port, value)

    def turned_by(self, value: Value) -> Node | None:
        """The node that put the steps of a value in reverse order; None if they are in order."""
        return self._turned.get(value)

    def _turn(self, node: Node, port: str, value: Value) -> Node | None:
        before = [v for v in node.inputs if _same_steps(v, value)]
        if not before:
            return None
        turned = self.turned_by(before[0])
        if isinstance(node.unit, SubModel):
            inside = dict(node.unit.graph.outputs).get(port)
            turns = inside is not None and Order(node.unit.graph).turned_by(inside) is not None
        else:
            cell = node.unit.inner or node.unit
            turns = not node.fold and cell.spec.turns(cell.args)
        return (None if turned else node) if turns else turned


def _same_steps(before: Value, after: Value) -> bool:
    types = (before.type, after.type)
    tensors = [t for t in types if isinstance(t, Tensor) and t.rank > 2]
    return len(tensors) == 2 and same_shape(tensors[0].shape[1:2], tensors[1].shape[1:2])


def check_joins(graph: Graph, sink: Sink) -> None:
    """Warn where steps in reverse order are joined with steps in order."""
    order = Order(graph)
    for unit in graph.units:
        if isinstance(unit, SubModel):
            check_joins(unit.graph, sink)
    for node in graph.nodes:
        if not _joins(node):
            continue
        turned = [order.turned_by(v) for v in node.inputs if _same_steps(v, node.value)]
        first = next((n for n in turned if n is not None), None)
        if first is not None and None in turned:
            what = f"`{node.unit.kind}` joins steps in reverse order with steps in order"
            _report(what, node, first, sink)


def _joins(node: Node) -> bool:
    unit = node.unit
    return isinstance(unit, Layer) and len(node.inputs) > 1 and unit.spec.inputs[0].variadic


def check_output(graph: Graph, output: Value, sink: Sink) -> None:
    """Warn where there is a target for each step and the steps come out in reverse order."""
    turned = Order(graph).turned_by(output)
    if turned is not None:
        what = "the steps of the output are in reverse order, those of its target are not"
        _report(what, turned, turned, sink)


def _report(what: str, node: Node, turned: Node, sink: Sink) -> None:
    sink.report(
        codes.STEPS_REVERSED(what=what),
        node.span,
        labels=() if node is turned else (Label(turned.span, "this gives the last step first"),),
        help="write `-> reverse` behind it to have them in the order of the input",
    )
