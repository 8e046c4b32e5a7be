"""Which inputs a value has looked ahead in: whether its step t has seen steps after t of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from seqspec.ir.graph import Graph, Node, SubModel, Value


@dataclass(frozen=True, slots=True)
class Sight:
    """What a value has seen of the inputs: those it depends on, and those it is ahead in.

    ``ahead`` maps an input to the node that looked at its later steps first.
    """

    inputs: frozenset[Value] = frozenset()
    ahead: Mapping[Value, Node] = field(default_factory=dict[Value, Node])

    def of_all(self, node: Node) -> Sight:
        """The same, all of whose steps ``node`` has seen at once."""
        return Sight(self.inputs, {**dict.fromkeys(self.inputs, node), **self.ahead})


def sights(graph: Graph) -> dict[Value, Sight]:
    """What each value of a graph has seen of the graph's inputs.

    The rule of a layer says whether its own steps look ahead (``causal`` of the types that it
    gives); here that is followed along the data, through called models and initial states.
    """
    seen: dict[Value, Sight] = {}
    makers: dict[Value, Node] = {}
    for value in graph.inputs:
        seen.update(dict.fromkeys((value, *value.parts), Sight(frozenset({value}))))
    for node in graph.nodes:
        given = [seen[value] for value in node.inputs]
        # A state that a layer starts from is there at its first step already.
        starts = [seen[value].of_all(makers.get(value, node)) for value in node.initial]
        inner = sights(node.unit.graph) if isinstance(node.unit, SubModel) else {}
        for name, value in node.outputs.items():
            if isinstance(node.unit, SubModel):
                found = _through(node, name, node.unit.graph, inner, given)
            else:
                found = _joined([*_own(node, value, given), *starts])
            for one in (value, *value.parts):
                seen[one] = found
                makers[one] = node
    return seen


def _own(node: Node, output: Value, given: Iterable[Sight]) -> Iterable[Sight]:
    """What one output of a layer has seen of each operand."""
    ports = node.unit.spec.inputs if not isinstance(node.unit, SubModel) else ()
    for place, sight in enumerate(given):
        port = ports[min(place, len(ports) - 1)]
        yield sight if output.type.causal or port.in_step else sight.of_all(node)


def _through(
    node: Node, name: str, graph: Graph, inner: Mapping[Value, Sight], given: Iterable[Sight]
) -> Sight:
    """What an output of a called model has seen, by way of the model's own inputs."""
    own = inner[dict(graph.outputs)[name]]
    if node.fold:  # each step on its own
        return _joined(given)
    parts: list[Sight] = []
    for value, sight in zip(graph.inputs, given, strict=True):
        if value in own.ahead:
            parts.append(sight.of_all(own.ahead[value]))
        elif value in own.inputs:
            parts.append(sight)
    return _joined(parts)


def _joined(parts: Iterable[Sight]) -> Sight:
    inputs: frozenset[Value] = frozenset()
    ahead: dict[Value, Node] = {}
    for part in parts:
        inputs |= part.inputs
        ahead = {**part.ahead, **ahead}
    return Sight(inputs, ahead)
