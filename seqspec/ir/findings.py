"""What is to be said about a whole graph: unknown widths, slow cells, names that nothing uses."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import carried, header, masks, order
from seqspec.ir.body import Body
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.items import Failed, Flow
from seqspec.ir.padding import padded_nodes
from seqspec.shapes.dim import Dim
from seqspec.types import Padding
from seqspec.vocabulary.spec import Tie


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
    owners: set[object] = set()  # of weights that a layer that is kept uses as its own
    kept: list[Node] = []
    for node in reversed(nodes):
        made = {v for o in node.outputs.values() for v in (o, *o.parts)}
        if wanted & made or node.unit in owners:
            kept.append(node)
            owners.update(tie.owner for tie in ties(node.unit))
            wanted.update(node.inputs, node.initial)
    return tuple(reversed(kept))


def ties(unit: Unit) -> list[Tie]:
    """The weights of other layers that a layer uses as its own."""
    args = unit.args.values() if isinstance(unit, Layer) else ()
    return [value for value in args if isinstance(value, Tie)]


def check_built(graph: Graph, sink: Sink) -> None:
    """Check a model that is to be built on its own: every width known, slow cells told."""
    for layer in layers_of(graph):
        cell = layer.inner or layer
        slow = cell.spec.slow(cell.args)
        if slow is not None:
            finding = codes.SLOW_CELL(layer=cell.kind, why=slow.why)
            sink.report(finding, cell.span, help=slow.cost)
        _check_width(layer, graph, sink)
    _check_sizes(graph, sink)
    order.check_joins(graph, sink)
    _check_padding(graph, sink)
    carried.check(graph, sink)


def _check_sizes(graph: Graph, sink: Sink) -> None:
    """Check that each size a layer is given can be read off the axes of the model's inputs."""
    known = _read_off(graph)
    for unit in graph.units:
        if isinstance(unit, SubModel):
            _check_sizes(unit.graph, sink)
            continue
        sizes = [size for size in unit.args.values() if isinstance(size, Dim)]
        for name in (name for size in sizes for name in size.symbols if name not in known):
            sink.report(
                codes.UNKNOWN_DIMENSION(name=name),
                unit.span,
                help=f"no axis of an input tells `{name}` apart; add an input that has it",
            )


def _read_off(graph: Graph) -> set[str]:
    """The sizes that one axis of an input tells: `T`, or `T` from an axis of ``2*T + 1``."""
    dims = [dim for value in graph.inputs for dim in _dims(value)]
    return {
        dim.symbols[0]
        for dim in dims
        if len(dim.symbols) == 1 and {m for m, _ in dim.terms} <= {(), dim.symbols}
    }


def _check_padding(graph: Graph, sink: Sink) -> None:
    """Tell where masks end and which layers they keep from the fused kernel."""
    ports = {value.name: value for value in graph.inputs}
    slowed: dict[str, list[str]] = {}
    for node, flowing in padded_nodes(graph):
        names = dict.fromkeys(n for mask in flowing for n in masks.sources(mask))
        if node.loses_mask:
            _report_lost(node, flowing, [ports[name] for name in names], sink)
        if _kept_from_kernel(node.unit, flowing):
            for name in names:
                slowed.setdefault(name, []).append(node.unit.kind)
    for name, kinds in slowed.items():
        sink.report(
            codes.PADDING_ANYWHERE(layers=", ".join(f"`{k}`" for k in dict.fromkeys(kinds))),
            ports[name].span,
            help="the steps are read backwards, or joined with others that are"
            if ports[name].tensor.pad is Padding.LENGTHS
            else "if all padding follows the data, `pad=lengths` says so; "
            "the data then holds how many steps each sample has",
        )


def _report_lost(node: Node, flowing: list[masks.Mask], padded: list[Value], sink: Sink) -> None:
    some = len(flowing) < len(node.inputs)
    sink.report(
        codes.MASK_LOST(
            layer=node.unit.kind,
            why="not all of its operands are padded" if some else "it does not tell them apart",
        ),
        node.span,
        here=f"this is {node.value.type}",
        labels=tuple(Label(value.span, "padded here") for value in padded),
        help="join values that are padded alike"
        if some
        else "let a layer that skips padding come first (a recurrent layer, "
        "global_average_pooling_1d), or leave `pad` out of the input",
    )


def _kept_from_kernel(unit: Unit, flowing: list[masks.Mask]) -> bool:
    """Whether padding alone keeps a layer from Keras's fused kernel."""
    if not isinstance(unit, Layer) or all(map(masks.at_the_end, flowing)):
        return False
    cell = unit.inner or unit
    return cell.spec.cudnn and not cell.spec.slow(cell.args)


def layers_of(graph: Graph) -> list[Layer]:
    """The layers of a graph and of the models in it; what one wraps is its ``inner``."""
    found: list[Layer] = []
    for unit in graph.units:
        found.extend(layers_of(unit.graph) if isinstance(unit, SubModel) else [unit])
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
