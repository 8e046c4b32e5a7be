"""Where padding flows in a model: the nodes that see it, and the masks that each of them reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit
from seqspec.ir.masks import Mask, at_the_end, seen_outside


def padded_nodes(
    graph: Graph, ports: Mapping[str, Mask | None] | None = None
) -> Iterator[tuple[Node, list[Mask]]]:
    """The nodes into which padding flows, with the masks as the model that is built says them.

    ``ports`` are the masks of the inputs, if not those of their types.
    """
    if ports is None:
        ports = {value.name: value.mask for value in graph.inputs}
    for node in graph.nodes:
        flowing = [seen_outside(value.mask, ports) for value in node.inputs]
        known = [mask for mask in flowing if mask is not None]
        if not known:
            continue
        yield node, known
        if isinstance(node.unit, SubModel) and not node.fold:
            inside = zip(node.unit.graph.inputs, flowing, strict=True)
            yield from padded_nodes(node.unit.graph, {v.name: mask for v, mask in inside})


def padded_anywhere(graph: Graph) -> frozenset[Unit]:
    """The layers into which padding flows that may come before data, or be all of a sample."""
    return frozenset(
        node.unit
        for node, masks in padded_nodes(graph)
        if isinstance(node.unit, Layer) and not all(map(at_the_end, masks))
    )
