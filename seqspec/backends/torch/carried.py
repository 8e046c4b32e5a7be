"""State that a model takes and gives: its class, and how ``forward`` begins and ends with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqspec.backends.python_text import WIDTH, Call, Code, Expr, Names, definition, flat
from seqspec.backends.python_text import statement as lines_of
from seqspec.backends.torch.body import INDENT
from seqspec.ir.graph import Carry, Graph
from seqspec.shapes.dim import show


@dataclass(frozen=True, slots=True)
class Field:
    """A tensor of the state: its field, its name in a weights file, its shape."""

    name: str
    path: str
    shape: str
    width: int


@dataclass(frozen=True, slots=True)
class StatePlan:
    """The class of a model's state. ``zero`` is the method that makes a cleared one."""

    name: str
    fields: tuple[Field, ...]
    zero: tuple[str, ...]


def plan_state(graph: Graph, name: str) -> StatePlan | None:
    """The state of a model that is built on its own; None if it carries none."""
    if not graph.carried:
        return None
    names = Names({"count", "index"})
    fields = tuple(
        Field(
            names.fresh(f"{carry.path.replace('/', '_')}_{part}"),
            f"state/{carry.path}/{part}",
            show(shape),
            shape[-1].value or 0,
        )
        for carry in graph.carried
        for part, shape in carry.given.state.parts
    )
    made: tuple[Expr, ...] = tuple(Code(f"zeros(lanes, {field.width})") for field in fields)
    zero = [
        *definition("zero_state", ["self", "lanes: int"], name, indent=4),
        '        """A cleared state for so many lanes."""',
        "        zeros = next(self.parameters()).new_zeros",
        *lines_of("return ", Call(name, made), indent=INDENT),
    ]
    return StatePlan(name, fields, tuple(zero))


def parts_of(plan: StatePlan, carried: Sequence[Carry], state: str) -> list[tuple[str, ...]]:
    """For each carried state the expressions of its tensors, ``state.lstm_h``."""
    fields = iter(plan.fields)
    return [
        tuple(f"{state}.{next(fields).name}" for _ in carry.given.state.parts) for carry in carried
    ]


def beginning(state: str, first: str) -> list[str]:
    """The lines that make a cleared state where none is given."""
    return [
        f"        if {state} is None:",
        f"            {state} = self.zero_state(len({first}))",
    ]


def ending(plan: StatePlan, given: Expr, tensors: Sequence[str]) -> list[str]:
    """The lines that return a result with the state after it."""
    state = Call(plan.name, tuple(Code(text) for text in tensors))
    whole = f"return {flat(given)}, {flat(state)}"
    if len(whole) + INDENT <= WIDTH:
        return [" " * INDENT + whole]
    lines = lines_of("state = ", state, indent=INDENT)
    if len(flat(given)) + INDENT + len("return , state") <= WIDTH:
        return [*lines, f"{' ' * INDENT}return {flat(given)}, state"]
    end = " " * INDENT + "return outputs, state"
    return [*lines, *lines_of("outputs = ", given, indent=INDENT), end]
