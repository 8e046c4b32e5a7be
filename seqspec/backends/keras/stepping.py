"""``build_begin`` and ``build_step``: the parts of a model, out of its own layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.backends.keras.functions import Function, Home
from seqspec.backends.keras.layers import only_in_steps
from seqspec.backends.keras.names import layer_names
from seqspec.backends.python_text import Call, Code, Expr, Group, Pair, definition, flat, literal
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.masks import Mask
from seqspec.ir.padding import given_ports
from seqspec.ir.stepping import Stepping


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What ``model.py`` has for running the model step by step; the functions are finished lines.

    ``memory`` names what is computed once, ``started`` the tensors of states that are computed with
    it, ``shapes`` has an entry for each tensor of the states: its name and its shape.
    """

    begin: tuple[str, ...]
    step: tuple[str, ...]
    memory: tuple[str, ...]
    started: tuple[str, ...]
    shapes: tuple[tuple[str, str], ...]


def carried_units(stepping: Stepping | None) -> frozenset[Unit]:
    """The layers whose states have to be had."""
    if stepping is None:
        return frozenset()
    return frozenset(node.unit for node in stepping.step.nodes if node.initial)


def plan_steps(home: Home, graph: Graph, stepping: Stepping, reserved: tuple[str, ...]) -> StepPlan:
    """The functions that take a model apart; ``graph`` is the whole model's."""
    layers = Layers(graph, stepping)
    masked = given_ports(stepping.step)
    remembered = [(given.name, value, None) for given, value in stepping.memory]
    results: list[tuple[str, Value, Mask | None]] = []
    for name, value, _ in remembered:
        results.append((name, value, None))
        if name in masked:
            results.append((f"{name}_mask", value, value.mask))
    memory = tuple(name for name, _, _ in results)
    started: list[str] = []
    for carried in stepping.states:
        results += [(n, v, None) for n, v in zip(carried.names, carried.start, strict=False)]
        started += carried.names if carried.start else ()
    reserved = (*reserved, "model")
    begin: tuple[str, ...] = ()
    if results:
        title = literal(f"{graph.name}Begin")
        body = tuple(_Begin(home, stepping.begin, title, layers, reserved, results).lines())
        begin = (*definition("build_begin", ["model: keras.Model"], "keras.Model"), *body)
    title = literal(f"{graph.name}Step")
    body = tuple(_Step(home, stepping.step, title, layers, reserved).lines())
    step = (*definition("build_step", ["model: keras.Model"], "keras.Model"), *body)
    shapes = tuple(
        (literal(name), flat(Group("(", tuple(dim.value or 0 for dim in part.tensor.shape[1:]))))
        for carried in stepping.states
        for name, part in zip(carried.names, carried.given.parts, strict=True)
    )
    return StepPlan(begin, step, memory, tuple(started), shapes)


class Layers:
    """The layers of the whole model: where each is found, and what it returns."""

    def __init__(self, graph: Graph, stepping: Stepping) -> None:
        self._paths: dict[Unit, str] = {}
        self._names: dict[Unit, str] = {}
        self._owners: dict[Unit, str] = {}
        self._returned: dict[Unit, tuple[bool, bool]] = {}
        self.in_steps: set[Unit] = set()
        for unit, owners in stepping.owners.items():
            places = (graph, *(owner.graph for owner in owners))
            units = (*owners, unit)
            names = [layer_names(place)[u] for place, u in zip(places, units, strict=True)]
            self._paths[unit] = "".join(f".get_layer({literal(name)})" for name in names)
            self._names[unit] = names[-1]
            self._owners[unit] = "_".join(names[:-1])
            place = places[-1]
            if isinstance(unit, Layer) and unit.spec.states:
                sequence, state = place.returned(unit)
                # What carries its state from batch to batch gives it to whoever keeps it.
                self._returned[unit] = sequence, state or bool(unit.args.get("stateful"))
            if unit in only_in_steps(place):
                self.in_steps.add(unit)

    def path(self, unit: Unit) -> Code:
        """The expression that finds a layer in the model."""
        return Code(f"model{self._paths[unit]}")

    def name(self, unit: Unit) -> str:
        """What a layer is called inside the model that it belongs to."""
        return self._names.get(unit, unit.name)

    def owner(self, unit: Unit) -> str:
        """The called models around a layer, if any."""
        return self._owners.get(unit, "")

    def returned(self, unit: Unit, otherwise: tuple[bool, bool]) -> tuple[bool, bool]:
        """What a recurrent layer returns because of all that reads it in the whole model."""
        return self._returned.get(unit, otherwise)


class _Part(Function):
    def __init__(
        self, home: Home, graph: Graph, title: Code, layers: Layers, reserved: tuple[str, ...]
    ) -> None:
        self._layers = layers
        self._named = Counter(layers.name(unit) for unit in graph.units)
        self._applied = Counter(node.unit for node in graph.nodes)
        super().__init__(home, graph, title, None, reserved)
        self._steps |= layers.in_steps

    def _returned(self, unit: Unit) -> tuple[bool, bool]:
        sequence, state = self._layers.returned(unit, self.graph.returned(unit))
        return sequence, state or unit in self.home.carried

    def _shared_layers(self) -> Iterator[str]:
        yield from ()

    def _constructor(self, node: Node) -> tuple[Expr, tuple[Expr, ...]]:
        unit = node.unit
        owner = self._layers.owner(unit)
        if owner and self._named[self._layers.name(unit)] > 1:
            # All layers of a model have to differ in name, those of called models did not.
            self.home.classes.add("Renamed")
            name = self.scope.layer_name(f"{owner}_{unit.name}")
            return Call("Renamed", (self._layers.path(unit),), (("name", name),)), ()
        weighs = isinstance(unit, SubModel) or unit.spec.states or any(unit.all_weights())
        if owner or weighs or self._applied[unit] > 1:
            return self._layers.path(unit), ()
        return super()._constructor(node)


class _Begin(_Part):
    """What is computed once, by name: memory, its masks, first states."""

    def __init__(
        self,
        home: Home,
        graph: Graph,
        title: Code,
        layers: Layers,
        reserved: tuple[str, ...],
        results: Sequence[tuple[str, Value, Mask | None]],
    ) -> None:
        super().__init__(home, graph, title, layers, reserved)
        self._wanted = results
        self.masks.need(mask for _, _, mask in results if mask is not None)

    def _outputs(self) -> Expr:
        pairs: list[Expr] = []
        for name, value, mask in self._wanted:
            found = self.masks.of(mask) if mask is not None else self.scope[value]
            pairs.append(Pair(literal(name), found))
        return Group("{", tuple(pairs))

    def _summary(self) -> str:
        inputs = ", ".join(f"{v.name} {self._shape_of(v)}" for v in self.graph.inputs)
        return f"What there is before the first step: {inputs} -> memory and states"


class _Step(_Part):
    """One step, or several: what is wanted, and the states after them."""

    def _summary(self) -> str:
        first = self.graph.inputs[0]
        shown = f"{first.name} {self._shape_of(first)}"
        return f"One step, or several: {shown}, memory and states -> output and states"

    def _outputs(self) -> Expr:
        pairs = (Pair(literal(name), self.scope[value]) for name, value in self.graph.outputs)
        return Group("{", tuple(pairs))
