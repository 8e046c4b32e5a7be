"""What recurrent layers return, and the variables it goes to.

Keras's layers return one tensor, or with ``return_state`` the output and the state's tensors. Which
of it a layer is asked for follows from what the graph reads, over all uses of the layer. The output
of a sample without data is zeros even if a state was given: then the last step is the state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seqspec.backends.keras.calls import INDENT
from seqspec.backends.keras.layers import merged
from seqspec.backends.keras.scope import Scope, shape_of
from seqspec.backends.python_text import Code, assign
from seqspec.ir.graph import Graph, Layer, Node, Unit, Value
from seqspec.types import State


@dataclass(frozen=True, slots=True)
class Targets:
    """What stands left of an application: the variables, a note on them, and lines to follow."""

    names: tuple[str, ...]
    note: str
    after: tuple[str, ...] = ()


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


class Recurrent:
    """The results of a graph's recurrent layers. ``uses_ops`` tells whether lines to follow do."""

    def __init__(
        self, graph: Graph, scope: Scope, returned: Callable[[Unit], tuple[bool, bool]]
    ) -> None:
        self.graph = graph
        self.scope = scope
        self.returned = returned
        self.uses_ops = False

    def targets(self, position: int, node: Node) -> Targets:
        """The variables for what an application of a recurrent layer returns."""
        sequence, state = self.returned(node.unit)
        if node.result.startswith("forward."):
            return self._apart(position, node, sequence, state)
        flowing = node.outputs.get("sequence" if sequence else "last")
        if flowing is None:
            return self._one_by_one(position, node)
        note = shape_of(flowing) + ("" if sequence else ", the last step")
        if not state:
            return Targets((self.scope.bind(flowing, position, node),), note)
        if "state" not in node.outputs:  # applied step by step, the state stays inside
            return Targets((self.scope.bind(flowing, position, node), "*_"), note)
        return self._with_state(position, node, flowing, sequence, note)

    def _with_state(
        self, position: int, node: Node, flowing: Value, sequence: bool, note: str
    ) -> Targets:
        used = self.graph.used
        whole = node.outputs["state"]
        in_state = sequence or node.carries
        last = node.outputs["last"] if in_state and node.outputs["last"] in used else None
        main = "_"
        if flowing in used and flowing is not last:
            main = self.scope.bind(flowing, position, node)
        elif flowing is not last:
            note = shape_of(whole)
        tensors = _state_tensors(node)
        if last is None and not any(tensor.parts_used(used) for tensor in tensors):
            if whole not in used:
                return Targets((main, "*_"), note)
            name = self.scope.fresh(whole.name or f"{self.scope.base(node)}_state")
            self.scope.set(whole, Code(name))
            return Targets((main, f"*{name}"), note)
        names = [self._state_name(tensor, node, last) for tensor in tensors]
        self._set_states(node, names)
        halves = [Code(n) for n, t in zip(names, tensors, strict=True) if t.first]
        after = () if last is None else self._last(node, last, halves)
        return Targets((main, *names), note, after)

    def _apart(self, position: int, node: Node, sequence: bool, state: bool) -> Targets:
        """The variables for both directions, where they are not merged."""
        used = self.graph.used
        kind = "sequence" if sequence else "last"
        halves = [node.outputs[f"{direction}.{kind}"] for direction in ("forward", "backward")]
        in_state = sequence or node.carries
        bound = [v for v in halves if v in used and (sequence or not in_state)]
        names = [self.scope.bind(v, position, node) if v in bound else "_" for v in halves]
        note = f"{shape_of(halves[0])} each" + ("" if sequence else ", the last step")
        if not state:
            return Targets(tuple(names), note)
        lasts = [node.outputs[f"{d}.last"] if in_state else None for d in ("forward", "backward")]
        for tensor in _state_tensors(node):
            last = lasts.pop(0) if tensor.first else None
            names.append(self._state_name(tensor, node, last if last in used else None))
            if last in used:
                assert last is not None
                self.scope.set(last, Code(names[-1]))
        self._set_states(node, names[2:])
        return Targets(tuple(names), note)

    def _set_states(self, node: Node, names: list[str]) -> None:
        """Says under which variables the whole states of a layer are found."""
        for value in node.outputs.values():
            if isinstance(value.type, State):
                tensors = zip(names, _state_tensors(node), strict=True)
                parts = [name for name, tensor in tensors if value in tensor.owners]
                self.scope.set(value, Code(f"[{', '.join(parts)}]"))

    def _one_by_one(self, position: int, node: Node) -> Targets:
        """The last step of a layer that other uses ask for every step, applied step by step."""
        last = node.outputs["last"]
        others = [n for n in self.graph.nodes if n.unit is node.unit and "state" in n.outputs]
        halves = [tensor.first for tensor in _state_tensors(others[0])]
        if halves.count(True) == 1:
            return Targets(("_", self.scope.bind(last, position, node), "*_"), shape_of(last))
        base = self.scope.base(node)
        names = [self.scope.fresh(f"{base}_half") if half else "_" for half in halves]
        after = self._last(node, last, [Code(name) for name in names if name != "_"])
        return Targets(("_", *names), shape_of(last), after)

    def _state_name(self, tensor: StateTensor, node: Node, last: Value | None) -> str:
        """The variable of one tensor of a state; ``_`` if nothing needs it.

        ``last`` is the last step, if it has to be made of the state.
        """
        used = self.graph.used
        needed = tensor.parts_used(used) or any(owner in used for owner in tensor.owners)
        if not (needed or (last is not None and tensor.first)):
            return "_"
        given = [v for v in tensor.values if v in used and v.name]
        called = tensor.name
        if last is not None and tensor.is_last:
            given.append(last)
            called = tensor.name if needed else "last"
        name = self.scope.named(given, f"{self.scope.base(node)}_{called}")
        for value in tensor.values:
            self.scope.set(value, Code(name))
        return name

    def _last(self, node: Node, last: Value, halves: list[Code]) -> tuple[str, ...]:
        """The lines that make the last step of the halves of a state, if any are needed."""
        if len(halves) == 1:
            self.scope.set(last, halves[0])
            return ()
        assert isinstance(node.unit, Layer)
        name = self.scope.named([last], f"{self.scope.base(node)}_last")
        self.scope.set(last, Code(name))
        mode = node.unit.args["merge_mode"]
        self.uses_ops |= mode == "concat"
        return tuple(assign(name, merged(mode, halves), indent=INDENT, note=shape_of(last)))


def _state_tensors(node: Node) -> list[StateTensor]:
    whole = node.outputs["state"]
    sides = [v for k, v in node.outputs.items() if k != "state" and isinstance(v.type, State)]
    in_sides = [(side, place, part) for side in sides for place, part in enumerate(side.parts)]
    found: list[StateTensor] = []
    for index, ((name, _), value) in enumerate(zip(whole.state.parts, whole.parts, strict=True)):
        if sides:
            side, place, part = in_sides[index]
            found.append(StateTensor(name, (value, part), (whole, side), place == 0))
        else:
            found.append(StateTensor(name, (value,), (whole,), index == 0))
    return found
