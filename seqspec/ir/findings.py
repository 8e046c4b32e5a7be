"""What is to be said about a whole graph: unknown widths, slow cells, names that nothing uses."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import header
from seqspec.ir.body import Body
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Value
from seqspec.ir.items import Failed, Flow
from seqspec.shapes.dim import Dim


def warn_unused(body: Body) -> None:
    """Warn of names that were bound and never read; an input may be there for its size."""
    for name, bound in body.scope.bindings.items():
        item = bound.item
        sizes = (
            {s for dim in _dims(item.value) for s in dim.symbols} - {"B"}
            if isinstance(item, Flow) and item.node is None
            else set[str]()
        )
        if not bound.used and not isinstance(item, Failed) and not sizes & body.scope.sizes_used:
            body.sink.report(
                codes.UNUSED(name=name), bound.span, help="remove it, or let it flow somewhere"
            )


def alive(nodes: tuple[Node, ...], outputs: list[Value]) -> tuple[Node, ...]:
    """The nodes that the outputs depend on; the rest was warned about as unused names."""
    wanted: set[Value] = set(outputs)
    kept: list[Node] = []
    for node in reversed(nodes):
        made = {v for o in node.outputs.values() for v in (o, *o.parts)}
        if wanted & made:
            kept.append(node)
            wanted.update(node.inputs, node.initial)
    return tuple(reversed(kept))


def check_built(graph: Graph, sink: Sink) -> None:
    """Check a model that is to be built on its own: every width known, slow cells told."""
    for layer in _layers(graph):
        cell = layer.inner or layer
        why = cell.spec.slow(cell.args)
        if why:
            sink.report(
                codes.SLOW_CELL(layer=cell.kind, why=why),
                cell.span,
                help="the PyTorch program steps through time itself: the same numbers, slower",
            )
        _check_width(layer, graph, sink)
    for inner in _graphs(graph):
        _check_sizes(inner, sink)


def _check_sizes(graph: Graph, sink: Sink) -> None:
    """Check that a size written in a layer can be told from an axis of an input."""
    for unit in graph.units:
        sizes = unit.args.values() if isinstance(unit, Layer) else ()
        for symbol in (s for size in sizes if isinstance(size, Dim) for s in size.symbols):
            if not any(_tells(d, symbol) for value in graph.inputs for d in _dims(value)):
                sink.report(
                    codes.UNKNOWN_DIMENSION(name=symbol),
                    unit.span,
                    help=f"no axis of an input gives `{symbol}`: declare an input that has it",
                )
                return


def _tells(dim: Dim, symbol: str) -> bool:
    """Whether a dimension is ``k*symbol + c``."""
    count = dict(dim.terms).get((symbol,), 0)
    return count > 0 and (dim - Dim.of(symbol) * count).value is not None


def _graphs(graph: Graph) -> list[Graph]:
    inside = [g for unit in graph.units if isinstance(unit, SubModel) for g in _graphs(unit.graph)]
    return [graph, *inside]


def _layers(graph: Graph) -> list[Layer]:
    found: list[Layer] = []
    for unit in graph.units:
        found.extend(_layers(unit.graph) if isinstance(unit, SubModel) else [unit])
    return found


def _check_width(layer: Layer, root: Graph, sink: Sink) -> None:
    dims = [d for weight in layer.weights for d in weight.shape]
    width = next((d for d in dims if d.value is None and not d.unknown), None)
    if width is None:
        return
    name = width.symbols[0]
    help = (
        f"write a number instead of `{name}` in the header, or keep that axis out of the features"
    )
    sink.report(
        codes.UNKNOWN_WIDTH(layer=layer.kind, width=width),
        layer.span,
        labels=tuple(
            Label(value.span, f"`{name}` is found only when data arrives")
            for value in root.inputs
            if any(name in dim.symbols for dim in _dims(value))
        )[:1],
        help=help,
    )


def _dims(value: Value) -> list[Dim]:
    return [dim for shape in header.shapes(value.type) for dim in shape]
