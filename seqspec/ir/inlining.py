"""Called models opened up: a graph of layers alone, as far as that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from seqspec.ir.graph import Graph, Node, SubModel, Unit, Value
from seqspec.ir.masks import seen_outside


@dataclass(frozen=True, slots=True)
class Opened:
    """A graph whose called models are opened; ``owners`` are those around each of their layers."""

    graph: Graph
    owners: Mapping[Unit, tuple[SubModel, ...]]


def opened(graph: Graph, wanted: Callable[[Node], bool]) -> Opened:
    """The graph with the nodes of the models that are wanted in the place of their calls.

    Models that are applied at each step of an axis stay calls: their batch is another one.
    """
    opening = _Opening(wanted)
    nodes = opening.nodes(graph, {}, ())
    outputs = tuple((name, opening.now(value)) for name, value in graph.outputs)
    return Opened(replace(graph, nodes=nodes, outputs=outputs), opening.owners)


class _Opening:
    def __init__(self, wanted: Callable[[Node], bool]) -> None:
        self.wanted = wanted
        self.owners: dict[Unit, tuple[SubModel, ...]] = {}
        self._stands_for: dict[Value, Value] = {}

    def now(self, value: Value) -> Value:
        """The value that stands for one of the graph as it was."""
        return self._stands_for.get(value, value)

    def nodes(
        self, graph: Graph, copies: dict[Value, Value], owners: tuple[SubModel, ...]
    ) -> tuple[Node, ...]:
        """The nodes of a graph; those of opened models with ``copies`` of their own values."""
        found: list[Node] = []

        def here(value: Value) -> Value:
            return self.now(copies.get(value, value))

        for node in graph.nodes:
            node = replace(
                node,
                inputs=tuple(map(here, node.inputs)),
                initial=tuple(map(here, node.initial)),
                outputs={name: here(value) for name, value in node.outputs.items()},
            )
            unit = node.unit
            # What is in an opened model has values of its own: nobody could ask for them.
            wanted = bool(owners) or self.wanted(node)
            if isinstance(unit, SubModel) and not node.fold and wanted:
                found += self._inside(node, unit, (*owners, unit))
            else:
                self.owners.setdefault(unit, owners)
                found.append(node)
        return tuple(found)

    def _inside(self, call: Node, unit: SubModel, owners: tuple[SubModel, ...]) -> tuple[Node, ...]:
        graph = unit.graph
        copies: dict[Value, Value] = {}
        for port, given in zip(graph.inputs, call.inputs, strict=True):
            copies.update(zip((port, *port.parts), (given, *given.parts), strict=True))
        ports = {
            port.name: given.mask for port, given in zip(graph.inputs, call.inputs, strict=True)
        }
        for node in graph.nodes:
            for value in node.outputs.values():
                parts = tuple(replace(part) for part in value.parts)
                mask = seen_outside(value.mask, ports)
                copies[value] = replace(value, name="", parts=parts, mask=mask)
                copies.update(zip(value.parts, parts, strict=True))
        nodes = self.nodes(graph, copies, owners)
        for name, value in graph.outputs:
            outer, inner = call.outputs[name], self.now(copies.get(value, value))
            for old, new in zip((outer, *outer.parts), (inner, *inner.parts), strict=True):
                self._stands_for[old] = new
        return nodes
