"""The graph of a model: what the checker hands to the backends.

Everything in it is resolved: names are objects, arguments are bound with defaults filled, every
value has a type, every weight a shape. Nodes stand in topological order, which is also the
order of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seqspec.ir.masks import Mask, at_the_end
from seqspec.shapes.dim import Dim, product
from seqspec.source import Span
from seqspec.types import State, Tensor, Type
from seqspec.vocabulary.spec import LayerSpec, OwnedWeight, Setting


@dataclass(frozen=True, eq=False)
class Value:
    """A value that flows: a model's input or one output of a node. Identity is equality.

    ``name`` is what the user bound it to, or follows from that, or is empty. A value of a state
    type has one value per tensor in ``parts`` (Keras's order: h, c). ``mask`` tells its steps from
    padding, in terms of the model's inputs; None where each step is data.
    """

    type: Type
    span: Span
    name: str = ""
    parts: tuple[Value, ...] = ()
    mask: Mask | None = None

    @property
    def tensor(self) -> Tensor:
        assert isinstance(self.type, Tensor)
        return self.type

    @property
    def state(self) -> State:
        assert isinstance(self.type, State)
        return self.type


@dataclass(frozen=True, eq=False)
class Layer:
    """An instance of a layer: the owner of weights. Sharing a layer is sharing this object.

    ``args`` maps every declared argument to its value: numbers, booleans, words, ``Dim`` (sizes),
    ``Setting`` (activations, initialisers). ``inner`` is the wrapped layer of a layer that takes
    one (``bidirectional``): it describes both directions and owns no weights itself, those are
    the outer layer's ``forward/kernel`` … ``backward/bias``.
    """

    name: str
    spec: LayerSpec
    args: Mapping[str, Any]
    weights: tuple[OwnedWeight, ...]
    span: Span
    inner: Layer | None = None

    @property
    def kind(self) -> str:
        return self.spec.name

    @property
    def activity(self) -> Setting | None:
        """What its output costs, if anything: in both directions, if it has two."""
        return (self.inner or self).args.get("activity_regularizer")

    def all_weights(self) -> Iterator[tuple[str, OwnedWeight]]:
        """(path below the layer's name, weight), in Keras's order."""
        for weight in self.weights:
            yield weight.name, weight


@dataclass(frozen=True, eq=False)
class SubModel:
    """An instance of another model inside a graph: owner of its layers' weights."""

    name: str
    graph: Graph
    span: Span

    @property
    def kind(self) -> str:
        return self.graph.name

    def all_weights(self) -> Iterator[tuple[str, OwnedWeight]]:
        for unit in self.graph.units:
            for path, weight in unit.all_weights():
                yield f"{unit.name}/{path}", weight


Unit = Layer | SubModel


@dataclass(frozen=True, eq=False)
class Node:
    """One application of a layer or model.

    ``inputs`` are the data operands in port order. ``initial`` is the initial state: empty, one
    value of a state type, or one tensor per state in Keras's order. ``outputs`` maps output names
    (``last``, ``sequence``, ``state``; ``output`` for layers with one; port names for models) to
    values; ``result`` names the one that flows on. ``loses_mask`` says that padding goes into the
    node and that what comes out counts it as data.
    """

    unit: Unit
    inputs: tuple[Value, ...]
    outputs: Mapping[str, Value]
    result: str
    span: Span
    initial: tuple[Value, ...] = ()
    fold: int = 0
    loses_mask: bool = False

    @property
    def value(self) -> Value:
        return self.outputs[self.result]

    @property
    def carries(self) -> bool:
        """Whether a state is given to it that a sample without data leaves as it is."""
        mask = self.inputs[0].mask if self.initial else None
        return mask is not None and not at_the_end(mask)


@dataclass(frozen=True, eq=False)
class Carry:
    """A state that goes from batch to batch: ``path`` names the layer, ``encoder/lstm``.

    ``given`` is an input of the graph, ``kept`` an output: what the next batch is given.
    """

    path: str
    given: Value
    kept: Value


@dataclass(frozen=True, eq=False)
class Graph:
    """A model, checked. ``signature`` is its header as the user wrote it, for documentation."""

    name: str
    doc: str
    signature: str
    inputs: tuple[Value, ...]
    outputs: tuple[tuple[str, Value], ...]
    nodes: tuple[Node, ...]
    span: Span
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: of a graph whose states are explicit: those that the program of it takes and gives
    carried: tuple[Carry, ...] = ()

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Layers and models in order of first use, each once."""
        return tuple(dict.fromkeys(node.unit for node in self.nodes))

    @cached_property
    def used(self) -> frozenset[Value]:
        """The values that something reads, state parts and whole states told apart."""
        read = {v for node in self.nodes for v in (*node.inputs, *node.initial)}
        return frozenset(read | {value for _, value in self.outputs})

    def uses(self, value: Value) -> bool:
        """Whether something reads the value, or a tensor of the state it is."""
        return value in self.used or any(part in self.used for part in value.parts)

    def returned(self, unit: Unit) -> tuple[bool, bool]:
        """Whether a recurrent layer has to give every step, and whether its state.

        It follows from what is read, over all uses of the layer. With every step given, the last
        one is found in the state, and so it is where a sample may leave the state as it was.
        """
        nodes = [node for node in self.nodes if node.unit is unit]
        read = {name for node in nodes for name, value in node.outputs.items() if self.uses(value)}
        sequence = any(name.endswith("sequence") for name in read)
        last = any(name.endswith("last") for name in read)
        in_state = last and (sequence or any(node.carries for node in nodes))
        return sequence, any(name.endswith("state") for name in read) or in_state

    @cached_property
    def activity(self) -> bool:
        """Whether what a layer gives, in it or in a model in it, costs something."""
        return any(
            unit.graph.activity if isinstance(unit, SubModel) else unit.activity is not None
            for unit in self.units
        )

    def all_weights(self) -> Iterator[tuple[str, OwnedWeight]]:
        """(canonical path such as ``encoder/lstm/kernel``, weight) of every weight, each once."""
        for unit in self.units:
            for path, weight in unit.all_weights():
                yield f"{unit.name}/{path}", weight

    def symbols(self) -> tuple[str, ...]:
        """The sizes that are found only when data arrives, in order of appearance."""
        seen: dict[str, None] = {}
        for value in self.inputs:
            shapes = (
                [value.type.shape]
                if isinstance(value.type, Tensor)
                else [s for _, s in value.type.parts]
            )
            for shape in shapes:
                for dim in shape:
                    seen.update(dict.fromkeys(dim.symbols))
        return tuple(seen)


def size(weight: OwnedWeight) -> Dim:
    """The number of entries of a weight."""
    return product(weight.shape)
