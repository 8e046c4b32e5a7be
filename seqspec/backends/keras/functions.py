"""One graph as the body of one function that builds a ``keras.Model``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from seqspec.backends.keras.calls import INDENT, application, named
from seqspec.backends.keras.layers import Site, construct, each, folds, merged, only_in_steps
from seqspec.backends.keras.scope import Scope
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    Names,
    Pair,
    assign,
    docstring,
    literal,
    statement,
)
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.shapes.dim import Dim, show
from seqspec.types import State, Tensor


@dataclass(frozen=True, slots=True)
class Repeat:
    """A layer that repeats a vector for a number of steps known only when data arrives."""

    name: str
    dim: str
    vector: str
    sources: str
    steps: str

    @property
    def key(self) -> str:
        return f"{self.sources}: {self.steps}"

    def numbered(self, earlier: int) -> Repeat:
        return replace(self, name="RepeatSteps" + (str(earlier + 1) if earlier else ""))


class Home(Protocol):
    """Where a function finds the other functions and layers of its program."""

    each_step: bool
    each_steps: bool
    ops: bool

    def build(self, unit: SubModel) -> Call: ...

    def repeat(self, wanted: Repeat) -> str: ...


class Function:
    """The lowering of one graph. ``title`` names the model; ``logits`` is the value so called."""

    def __init__(self, home: Home, graph: Graph, title: Code, logits: Value | None) -> None:
        self.home = home
        self.graph = graph
        self.title = title
        self.scope = Scope(graph, logits)
        self._shared: dict[Unit, str] = {}
        uses: dict[Unit, int] = {}
        for node in graph.nodes:
            uses[node.unit] = uses.get(node.unit, 0) + 1
        self._inside = only_in_steps(graph)
        self._often = {unit for unit, count in uses.items() if count > 1}

    def lines(self) -> Iterator[str]:
        """Everything below the ``def`` line."""
        yield from docstring(self._summary(), INDENT)
        for value in self.graph.inputs:
            yield from self._input(value)
        for place_, node in enumerate(self.graph.nodes):
            yield from self._node(place_, node)
        inputs = self._operands(self.graph.inputs)
        model = Call("keras.Model", (inputs, self._outputs()), (("name", self.title),))
        yield from statement("return ", model, indent=INDENT)

    def _summary(self) -> str:
        inputs = ", ".join(f"{v.name} {_shape(v)}" for v in self.graph.inputs)
        outputs = self.graph.outputs
        many = len(outputs) > 1
        said = ", ".join(
            f"{name if many else self.scope.called(value)} {_shape(value)}".strip()
            for name, value in outputs
        )
        return f"{inputs} -> {{{said}}}" if many else f"{inputs} -> {said}"

    # ------------------------------------------------------------------------------ inputs, outputs

    def _input(self, value: Value) -> Iterator[str]:
        target = self.scope.bind_input(value)
        if isinstance(value.type, Tensor):
            tensor = _keras_input(value.type, self.scope.input_name(value.name))
            yield from assign(target, tensor, indent=INDENT)
            return
        tensors = tuple(
            _keras_input(Tensor("float", shape), self.scope.input_name(f"{value.name}_{part}"))
            for part, shape in value.type.parts
        )
        yield from assign(target, Group("[", tensors), indent=INDENT)

    def _outputs(self) -> Expr:
        if len(self.graph.outputs) == 1:
            return self.scope[self.graph.outputs[0][1]]
        pairs = tuple(Pair(literal(name), self.scope[value]) for name, value in self.graph.outputs)
        return Group("{", pairs)

    # ---------------------------------------------------------------------------------------- nodes

    def _node(self, position: int, node: Node) -> Iterator[str]:
        layer, sources = self._constructor(node)
        if node.unit in self._often:
            if node.unit not in self._shared:
                self._shared[node.unit] = name = self.scope.names.fresh(node.unit.name)
                yield from assign(name, layer, indent=INDENT)
            layer = Code(self._shared[node.unit])
        if folds(node) and node.unit not in self._inside:
            # Applied as it is, too: the name is taken.
            layer = named(self._each(node, layer), literal(f"{node.unit.name}_each"))
        keywords = (("initial_state", self._initial(node)),) if node.initial else ()
        if isinstance(node.unit, Layer) and "state" in node.outputs:
            targets, merge = self._recurrent_targets(position, node)
        else:
            targets, merge = self._plain_targets(position, node), []
        args = (self._operands(node.inputs), *sources)
        note = _note(node, targets[0] == "_")
        yield from application(", ".join(targets), layer, args, keywords, note)
        yield from merge

    def _constructor(self, node: Node) -> tuple[Expr, tuple[Expr, ...]]:
        """The layer without its operands, and what else flows in besides them."""
        unit = node.unit
        name = literal(unit.name)
        if isinstance(unit, Layer):
            size = unit.args.get("n")
            if isinstance(size, Dim) and size.value is None:
                repeat, sources = self._repeat(size)
                return named(Call(repeat), name), sources
        operands = tuple(value.type for value in node.inputs)
        sequence, state = self._needs(unit)
        constructor = construct(Site(unit, operands, self.home.build, sequence, state))
        if unit in self._inside:
            return named(self._each(node, constructor), name), ()
        return (constructor if isinstance(unit, SubModel) else named(constructor, name)), ()

    def _each(self, node: Node, layer: Expr) -> Call:
        self.home.each_step |= len(node.inputs) == len(node.outputs) == 1
        self.home.each_steps |= not len(node.inputs) == len(node.outputs) == 1
        return each(layer, node.fold)

    def _needs(self, unit: Unit) -> tuple[bool, bool]:
        """Whether any use of the layer reads every step, and whether any reads a state."""
        sequence = state = False
        for node in self.graph.nodes:
            if node.unit is not unit:
                continue
            used = {name for name, value in node.outputs.items() if self.graph.uses(value)}
            sequence |= "sequence" in used
            state |= bool(used - {"sequence", "last", "output"})
        # With every step returned, the last one is in the state.
        for node in self.graph.nodes:
            last = node.outputs.get("last") if node.unit is unit else None
            state |= sequence and last is not None and self.graph.uses(last)
        return sequence, state

    def _repeat(self, size: Dim) -> tuple[str, tuple[Expr, ...]]:
        found = {symbol: self.scope.source(symbol) for symbol in size.symbols}
        sources = tuple(dict.fromkeys(name for name, _ in found.values()))
        text = polynomial(size, {symbol: text for symbol, (_, text) in found.items()})
        vector = Names(sources).fresh("vector")
        wanted = Repeat("", str(size), vector, ", ".join(sources), text)
        return self.home.repeat(wanted), tuple(Code(name) for name in sources)

    def _initial(self, node: Node) -> Expr:
        if len(node.initial) == 1:
            return self.scope[node.initial[0]]
        return Group("[", tuple(self.scope[value] for value in node.initial))

    def _operands(self, values: tuple[Value, ...]) -> Expr:
        """One operand as it is, several as a flat list: the tensors of a state are listed too."""
        if len(values) == 1:
            return self.scope[values[0]]
        items: list[Expr] = []
        for value in values:
            text = self.scope[value]
            if isinstance(value.type, Tensor):
                items.append(text)
            else:
                items.append(Code(text[1:-1] if text.startswith("[") else f"*{text}"))
        return Group("[", tuple(items))

    def _plain_targets(self, position: int, node: Node) -> list[str]:
        if isinstance(node.unit, Layer) or len(node.outputs) == 1:
            return [self.scope.bind(node.value, position, node)]
        # A model with several outputs gives a dictionary.
        name = self.scope.names.fresh(node.unit.name)
        for key, value in node.outputs.items():
            self.scope.set(value, Code(f"{name}[{literal(key)}]"))
        return [name]

    def _recurrent_targets(self, position: int, node: Node) -> tuple[list[str], list[str]]:
        assert isinstance(node.unit, Layer)
        sequence, state = self._needs(node.unit)
        flowing = node.outputs["sequence" if sequence else "last"]
        if not state:
            return [self.scope.bind(flowing, position, node)], []
        used = self.graph.used
        main = self.scope.bind(flowing, position, node) if flowing in used else "_"
        last = node.outputs["last"] if sequence and node.outputs["last"] in used else None
        tensors = _state_tensors(node)
        if last is None and not any(t.parts_used(used) for t in tensors):
            whole = node.outputs["state"]
            if whole not in used:
                return [main, "*_"], []
            name = self.scope.names.fresh(whole.name or f"{self.scope.base(node)}_state")
            self.scope.set(whole, Code(name))
            return [main, f"*{name}"], []
        targets = [self._state_name(t, node, last) for t in tensors]
        for value in node.outputs.values():
            if isinstance(value.type, State):
                parts = [n for n, t in zip(targets, tensors, strict=True) if value in t.owners]
                self.scope.set(value, Code(f"[{', '.join(parts)}]"))
        return [main, *targets], self._last(node, last, targets, tensors)

    def _state_name(self, tensor: StateTensor, node: Node, last: Value | None) -> str:
        """The variable of one tensor of a state; ``_`` if nothing needs it.

        ``last`` is the last step, if it has to be made of the state.
        """
        used = self.graph.used
        needed = tensor.parts_used(used) or any(owner in used for owner in tensor.owners)
        if not (needed or (last is not None and tensor.first)):
            return "_"
        needed |= not tensor.is_last
        given = [v for v in tensor.values if v in used and v.name]
        if last is not None and tensor.is_last:
            given.append(last)
        called = tensor.name if needed else "last"
        name = self.scope.named(given, f"{self.scope.base(node)}_{called}")
        for value in tensor.values:
            self.scope.set(value, Code(name))
        return name

    def _last(
        self, node: Node, last: Value | None, targets: list[str], tensors: list[StateTensor]
    ) -> list[str]:
        """The lines that make the last step of what the layer returned besides all steps."""
        if last is None:
            return []
        halves = [Code(n) for n, t in zip(targets, tensors, strict=True) if t.first]
        if len(halves) == 1:
            self.scope.set(last, halves[0])
            return []
        assert isinstance(node.unit, Layer)
        name = self.scope.named([last], f"{self.scope.base(node)}_last")
        self.scope.set(last, Code(name))
        mode = node.unit.args["merge_mode"]
        self.home.ops |= mode == "concat"
        return assign(name, merged(mode, halves), indent=INDENT, note=_shape(last))


@dataclass(frozen=True, slots=True)
class StateTensor:
    """One tensor of a recurrent layer's state: the values that stand for it, the states it is
    part of, and whether it is the first of its direction (which is the last step's output)."""

    name: str
    values: tuple[Value, ...]
    owners: tuple[Value, ...]
    first: bool

    @property
    def is_last(self) -> bool:
        """Whether the last step of the layer is this tensor, not two of them merged."""
        return self.first and len(self.owners) == 1

    def parts_used(self, used: frozenset[Value]) -> bool:
        """Whether something reads this tensor, or a state of one direction that it is part of."""
        return any(v in used for v in (*self.values, *self.owners[1:]))


def _state_tensors(node: Node) -> list[StateTensor]:
    whole = node.outputs["state"]
    sides = [v for k, v in node.outputs.items() if k != "state" and isinstance(v.type, State)]
    in_sides = [(side, i, part) for side in sides for i, part in enumerate(side.parts)]
    found: list[StateTensor] = []
    for index, ((name, _), value) in enumerate(zip(whole.state.parts, whole.parts, strict=True)):
        if sides:
            side, place, part = in_sides[index]
            found.append(StateTensor(name, (value, part), (whole, side), place == 0))
        else:
            found.append(StateTensor(name, (value,), (whole,), index == 0))
    return found


def _keras_input(tensor: Tensor, name: str) -> Call:
    """``keras.Input`` of a type: sizes known only later are None."""
    sizes = tuple(dim.value for dim in tensor.shape)
    dtype = (("dtype", "int32"),) if tensor.kind == "token" else ()
    keywords = (*dtype, ("name", name))
    if sizes[0] is not None:
        return Call("keras.Input", (), (("batch_shape", literal(sizes)), *keywords))
    return Call("keras.Input", (literal(sizes[1:]),), keywords)


def _shape(value: Value) -> str:
    if isinstance(value.type, Tensor):
        return show(value.type.shape)
    return ", ".join(f"{name} {show(shape)}" for name, shape in value.type.parts)


def _note(node: Node, state_only: bool) -> str:
    """What stands behind a line: the shape that flows on, and what it is."""
    if state_only:
        return _shape(node.outputs["state"])
    text = _shape(node.value)
    return f"{text}, the last step" if node.result == "last" else text


def polynomial(dim: Dim, sizes: Mapping[str, str]) -> str:
    """A size as an expression over the expressions of its symbols."""
    text = ""
    for monomial, coefficient in dim.terms:
        magnitude = abs(coefficient)
        number = [str(magnitude)] if magnitude != 1 or not monomial else []
        sign = " - " if coefficient < 0 else " + "
        text += sign + " * ".join([*number, *(sizes[symbol] for symbol in monomial)])
    return text.removeprefix(" + ").strip()
