"""Where padding flows in a model: the nodes that see it, and the masks that each of them reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit
from seqspec.ir.masks import Given, Mask, at_the_end, leaves, seen_outside
from seqspec.vocabulary.masking import Masking

#: what a layer that reads masks may do with them
_READING = (
    *(Masking.STEPS, Masking.CONSUMES, Masking.COUNTS),
    *(Masking.ATTENDS, Masking.HEADS),
)


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


def reads(node: Node) -> tuple[Mask | None, ...]:
    """The mask that a node reads of each of its operands; none where it treats all steps alike."""
    unit = node.unit
    masks = tuple(value.mask for value in node.inputs)
    if isinstance(unit, SubModel):
        ports = given_ports(unit.graph) if not node.fold else ()
        names = [value.name for value in unit.graph.inputs]
        return tuple(m if n in ports else None for m, n in zip(masks, names, strict=True))
    # Applied at each step, a layer has the steps inside of it; statistics are taken over all.
    reading = unit.spec.masking in _READING and (
        not node.fold or unit.spec.masking is Masking.COUNTS
    )
    if unit.spec.masking is Masking.ATTENDS:
        return (*masks[:2], None)  # as in Keras, the mask of the keys goes unread
    return masks if reading else (None,) * len(masks)


def read_masks(graph: Graph) -> list[Mask]:
    """The masks that are read inside a graph, each once."""
    found: dict[Mask, None] = {}
    for node in graph.nodes:
        if any(graph.uses(value) for value in node.outputs.values()):
            found.update(dict.fromkeys(mask for mask in reads(node) if mask is not None))
    return list(found)


def given_ports(graph: Graph) -> tuple[str, ...]:
    """The inputs of a called model whose masks it reads."""
    given = [leaf for mask in read_masks(graph) for leaf in leaves(mask)]
    return tuple(dict.fromkeys(leaf.port for leaf in given if isinstance(leaf, Given)))
