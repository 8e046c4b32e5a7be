"""``begin`` and ``step`` of a model: the parts of its forward pass for running it step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Expr,
    Names,
    assign,
    comment,
    definition,
    flat,
    statement,
)
from seqspec.backends.torch.body import FOREVER, INDENT, Held, shape_note
from seqspec.backends.torch.forward import Lowering
from seqspec.ir.graph import Graph, Unit, Value
from seqspec.ir.masks import Given, Mask, Reversed
from seqspec.ir.padding import given_ports
from seqspec.ir.stepping import Stepping
from seqspec.shapes.dim import Shape, show

Field = tuple[str, str]  # name, shape as a comment


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a class has for being run step by step; all texts are finished lines.

    ``memory`` and ``state`` are the fields of what is computed once and of what is carried.
    """

    memory_class: str
    memory: tuple[Field, ...]
    state_class: str
    state: tuple[Field, ...]
    begin_signature: tuple[str, ...]
    begin: tuple[str, ...]
    step_signature: tuple[str, ...]
    step: tuple[str, ...]


def plan_steps(stepping: Stepping, attributes: Mapping[Unit, str], name: str) -> StepPlan:
    """The methods of a class called ``name``, whose modules are ``self.<attribute>``."""
    fields = _Fields(stepping)
    begin = _Begin(stepping, attributes, name, fields)
    step = _Step(stepping, attributes, name, fields)
    begun, stepped = begin.run(), step.run()
    given = begun.parameters or ("size: int",)
    result = f"{name}State"
    if fields.memory:
        result = f"tuple[{name}Memory, {name}State]"
    kept = [f"memory: {name}Memory"] if fields.memory else []
    return StepPlan(
        f"{name}Memory" if fields.memory else "",
        tuple(fields.memory),
        f"{name}State",
        tuple(fields.state),
        tuple(definition("begin", ["self", *given], result, indent=4)),
        begun.lines,
        tuple(
            definition(
                "step",
                ["self", *stepped.parameters, *kept, f"state: {name}State"],
                f"tuple[Tensor, {name}State]",
                indent=4,
            )
        ),
        stepped.lines,
    )


class _Fields:
    """The fields of memory and state, under names that Python allows."""

    def __init__(self, stepping: Stepping) -> None:
        names = Names({"count", "index"})
        masked = given_ports(stepping.step)
        self.memory: list[Field] = []
        self.values: dict[Value, str] = {}
        self.masks: dict[Value, str] = {}
        for given, _ in stepping.memory:
            self.values[given] = names.fresh(given.name)
            self.memory.append((self.values[given], shape_note(given)))
            if given.name in masked:
                self.masks[given] = names.fresh(f"{given.name}_mask")
                self.memory.append((self.masks[given], comment(show(given.tensor.shape[:2]))))
        self.state: list[Field] = []
        for carried in stepping.states:
            parts = carried.given.parts
            for name, part in zip(carried.names, parts, strict=True):
                self.values[part] = names.fresh(name)
                self.state.append((self.values[part], shape_note(part)))


class _Begin(Lowering):
    """What is computed once: memory and first states."""

    def __init__(
        self, stepping: Stepping, attributes: Mapping[Unit, str], name: str, fields: _Fields
    ) -> None:
        super().__init__(stepping.begin, attributes, {}, "")
        self.stepping = stepping
        self.name = name
        self.fields = fields
        self.body.may_return = False

    def _remembered(self) -> list[tuple[Value, Mask | None]]:
        return [
            (value, value.mask if given in self.fields.masks else None)
            for given, value in self.stepping.memory
        ]

    def _read(self) -> list[Mask]:
        kept = [mask for _, mask in self._remembered() if mask is not None]
        return list(dict.fromkeys([*super()._read(), *kept]))

    def _return(self) -> None:
        memory: list[Expr] = []
        for value, mask in self._remembered():
            memory.append(Code(self.body.operand(value)))
            if mask is not None:
                memory.append(Code(self._mask_text(mask)))
        state: list[Expr] = []
        if any(not carried.start for carried in self.stepping.states):
            self.body.line("weight = ", Code("next(self.parameters())"))
        for carried in self.stepping.states:
            if carried.start:
                state += [Code(self.body.operand(value)) for value in carried.start]
            else:
                state += [self._zeros(part.tensor.shape) for part in carried.given.parts]
        results: list[Expr] = [Call(f"{self.name}State", tuple(state))]
        if memory:
            results.insert(0, Call(f"{self.name}Memory", tuple(memory)))
        self.body.lines += returned(results)

    def _mask_text(self, mask: Mask) -> str:
        if isinstance(mask, Reversed) and mask not in self.body.masks:
            return f"{self.body.masks[mask.mask]}.flip(1)"
        return self.body.masks[mask]

    def _zeros(self, shape: Shape) -> Expr:
        inputs = self.graph.inputs
        size = f"len({self.body.operand(inputs[0])})" if inputs else "size"
        return Call("weight.new_zeros", (Code(size), *(Code(str(d)) for d in shape[1:])))


class _Step(Lowering):
    """One step, or several: from memory and state to what is wanted and the next state."""

    def __init__(
        self, stepping: Stepping, attributes: Mapping[Unit, str], name: str, fields: _Fields
    ) -> None:
        super().__init__(stepping.step, attributes, {}, "")
        self.stepping = stepping
        self.name = name
        self.fields = fields
        self.body.may_return = False
        self.body.own("memory", FOREVER)
        self.body.own("state", FOREVER)

    def _parameters(self, value: Value) -> list[str]:
        if value in self.fields.values:
            self.body.held[value] = Held(f"memory.{self.fields.values[value]}")
            return []
        if value.parts:
            names = [f"state.{self.fields.values[part]}" for part in value.parts]
            self.body.hold_state(value, names)
            return []
        return super()._parameters(value)

    def _given_mask(self, value: Value, *, alone: bool) -> list[str]:
        self.body.masks[Given(value.name)] = f"memory.{self.fields.masks[value]}"
        return []

    def _return(self) -> None:
        (_, output), *kept = self.graph.outputs
        state = Call(f"{self.name}State", tuple(Code(self.body.operand(v)) for _, v in kept))
        self.body.lines += returned([Code(self.body.operand(output)), state])


def returned(results: list[Expr]) -> list[str]:
    """A statement that returns one thing or several, with a name for what does not fit."""
    line = f"{' ' * INDENT}return {', '.join(map(flat, results))}"
    if len(line) <= WIDTH:
        return [line]
    if len(results) == 1:
        return statement("return ", results[0], indent=INDENT)
    lines: list[str] = []
    words: list[str] = []
    for result in results:
        word = "following" if isinstance(result, Call) and result.function.endswith("State") else ""
        word = word or ("memory" if isinstance(result, Call) else "")
        if word and len(flat(result)) > WIDTH // 3:
            lines += assign(word, result, indent=INDENT)
            words.append(word)
        else:
            words.append(flat(result))
    return [*lines, f"{' ' * INDENT}return {', '.join(words)}"]


def attributes_of(
    graph: Graph, stepping: Stepping, known: Mapping[int, Mapping[Unit, str]]
) -> dict[Unit, str]:
    """Where a class finds the modules of opened models: ``tower.lstm``.

    ``known`` has the attributes of each graph's units, by the identity of the graph.
    """
    found: dict[Unit, str] = {}
    for unit, owners in stepping.owners.items():
        places = (graph, *(owner.graph for owner in owners))
        words = [known[id(p)].get(u, "") for p, u in zip(places, (*owners, unit), strict=True)]
        if words[-1]:
            found[unit] = ".".join(words)
    return found
