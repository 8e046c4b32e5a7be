"""The variables of one generated function: which value stands under which name."""

from __future__ import annotations

import re

from seqspec.backends.keras.names import given_way, layer_names
from seqspec.backends.python_text import Code, Names, safe
from seqspec.ir.graph import Graph, Node, Value
from seqspec.shapes.dim import Dim, Shape, show
from seqspec.types import Tensor

#: module-level names of a generated model.py
RESERVED = (
    *("keras", "layers", "ops", "annotations", "build_model", "build_begin", "build_step", "_"),
    *(
        "EachStep",
        "RepeatSteps",
        "Reverse",
        "Weight",
        "TiedDense",
        "Renamed",
        "Padded",
        "first_steps",
        "np",
        "zero_state",
    ),
)
#: names for what merely flows on, one for each branch alive at a time; then the layer's own name
FLOWING = ("x", "y", "z")


class Scope:
    """Names of values. What the user named keeps its name; what merely flows on is ``x``, again
    and again, and ``y`` while an ``x`` is still needed."""

    def __init__(self, graph: Graph, logits: Value | None, reserved: tuple[str, ...] = ()) -> None:
        self._names = Names((*RESERVED, *reserved))
        self._graph = graph
        self._logits = logits
        self._text: dict[Value, Code] = {}
        # The user's names first, so that no derived name takes one of them. Where a name stands for
        # several values of one pipeline, it is that of the last.
        kept = [*graph.inputs, *(v for n in graph.nodes for v in _named(graph, n))]
        last = {value.name: value for value in kept}
        self._given = {value: self.fresh(name) for name, value in last.items()}
        if logits is not None and not logits.name:
            self._given[logits] = self.fresh("logits")
        self._flows = [n for n in FLOWING if not self._names.has(n)]
        for name in self._flows:
            self.fresh(name)
        self._holders: dict[str, Value] = {}
        self._last_use = self._uses()
        self._layer_names = set(layer_names(graph).values())

    def __getitem__(self, value: Value) -> Code:
        return self._text[value]

    def fresh(self, wanted: str) -> str:
        """A variable that is not taken, as close to ``wanted`` as can be."""
        # Functions and layers of the program have numbers that are not known yet.
        clashes = wanted.startswith(("build_", "RepeatSteps"))
        return self._names.fresh(f"value_{wanted}" if clashes else wanted)

    def set(self, value: Value, text: Code) -> None:
        """Records the expression under which a value is found; a state's tensors are its items."""
        self._text[value] = text
        for index, part in enumerate(value.parts):
            self._text.setdefault(part, Code(f"{text}[{index}]"))

    def called(self, value: Value) -> str:
        """What documentation calls a value; empty if it has no name."""
        if value.name:
            return self._given.get(value, safe(value.name))
        return "logits" if value is self._logits else ""

    def bind_input(self, value: Value) -> str:
        """The variable of a model's input."""
        name = self._given[value]
        self.set(value, Code(name))
        return name

    def layer_name(self, wanted: str) -> str:
        """A name for a layer that is not one of the spec: Keras tells all layers apart by name."""
        wanted = given_way(self._graph, wanted)
        name, number = wanted, 2
        while name in self._layer_names:
            name, number = f"{wanted}_{number}", number + 1
        self._layer_names.add(name)
        return name

    def bind(self, value: Value, position: int, node: Node) -> str:
        """The variable for a value that the node at ``position`` gives."""
        name = self._given.get(value) or self._anonymous(value, position, node)
        self.set(value, Code(name))
        return name

    def _anonymous(self, value: Value, position: int, node: Node) -> str:
        if node.value.name and (node.value is not value or not node.inputs):
            return self.fresh(node.value.name)
        # A branch goes on under its name, a new one takes the first that is free.
        going_on = [self._text[v] for v in node.inputs if self._text[v] in self._holders]
        for name in (*going_on, *self._flows):
            holder = self._holders.get(name)
            if holder is None or self._last_use.get(holder, -1) <= position:
                self._holders[name] = value
                return name
        return self.fresh(node.unit.name)

    def named(self, values: list[Value], otherwise: str) -> str:
        """The variable of several values that are one: a name the user gave to any, or another."""
        given = next((self._given[v] for v in values if v in self._given), "")
        return given or self.fresh(otherwise)

    def base(self, node: Node) -> str:
        """What names of a node's further results begin with."""
        whole = node.value.name
        if node.result.startswith("forward."):
            whole = whole.removesuffix("_forward")
        return safe(whole or node.unit.name)

    def source(self, symbol: str) -> tuple[str, str]:
        """An input that tells a size when data arrives: (variable, expression of the size)."""
        found = [
            (self._given[value], axis, dim)
            for value in self._graph.inputs
            for axis, dim in enumerate(_axes(value))
            if _slope(dim, symbol)
        ]
        # An axis that has this very size rather than one to compute it from.
        for name, axis, dim in sorted(found, key=lambda place: place[2].symbol is None):
            size = f"ops.shape({name})[{axis}]"
            slope = _slope(dim, symbol)
            rest = dim - Dim.of(symbol) * slope
            if rest.value is None:
                continue
            if rest.value:
                sign, amount = ("-", rest.value) if rest.value > 0 else ("+", -rest.value)
                size = f"({size} {sign} {amount})"
            return name, f"{size} // {slope}" if slope != 1 else size
        raise ValueError(f"no input of {self._graph.name} has an axis of the size {symbol}")

    def _uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for position, node in enumerate(self._graph.nodes):
            last.update(dict.fromkeys((*node.inputs, *node.initial), position))
        end = len(self._graph.nodes)
        last.update({value: end for _, value in self._graph.outputs})
        return last


def _named(graph: Graph, node: Node) -> list[Value]:
    values = [v for value in node.outputs.values() for v in (value, *value.parts)]
    return [v for v in values if v.name and v in graph.used]


def _axes(value: Value) -> Shape:
    return value.type.shape if isinstance(value.type, Tensor) else ()


def _slope(dim: Dim, symbol: str) -> int:
    """How often a size counts in a dimension on its own; 0 if not at all."""
    return next((count for names, count in dim.terms if names == (symbol,)), 0)


def function_name(model: str) -> str:
    """``PriceModel`` is built by ``build_price_model``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", safe(model))
    return f"build_{words.lower()}"


def shape_of(value: Value) -> str:
    """The shape of a value as notes say it; those of a state with their names."""
    if isinstance(value.type, Tensor):
        return show(value.type.shape)
    return ", ".join(f"{name} {show(shape)}" for name, shape in value.type.parts)
