"""A model taken apart for running it step by step.

One input is stepped: it comes a step at a time, as when a model reads what it has just written.
What does not depend on it is computed once, before the first step, and kept (``memory``). What does
is computed at each step, from the step, the memory and the states of its recurrent layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seqspec.ir.carried import stateful
from seqspec.ir.findings import alive
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.inlining import opened
from seqspec.ir.looking_back import with_past
from seqspec.ir.masks import ByLengths, Given
from seqspec.ir.task import Task
from seqspec.shapes.dim import Dim
from seqspec.types import Padding, State, Tensor
from seqspec.vocabulary.forms import SLICE, Cut, spread
from seqspec.vocabulary.masking import Masking

#: What may stand between the input that is stepped and the output, as messages say it.
STEPPABLE = (
    "put recurrent layers there, convolutions with `padding=causal`, and layers that treat each "
    "step on its own"
)


@dataclass(frozen=True, eq=False)
class Carried:
    """The state of one layer from step to step: of a recurrent one, or the steps that one looks at.

    ``given`` is the input of the step that brings it, ``kept`` are the tensors after the step and
    ``start`` those before the first one, in Keras's order; without any, they are zeros.
    """

    unit: Unit
    given: Value
    kept: tuple[Value, ...]
    start: tuple[Value, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What its tensors are called."""
        return tuple(f"{self.given.name}_{part}" for part, _ in self.given.state.parts)


@dataclass(frozen=True, eq=False)
class Stepping:
    """A model that can be run step by step.

    ``begin`` computes the memory and the first states, of which it has the tensors as outputs; its
    nodes are none where nothing has to be computed. ``step`` gives what is wanted of the model, for
    one step or several. ``memory`` are the inputs of ``step`` that ``begin`` computes, with that
    value. ``owners`` are the models around each layer of them.
    """

    looped: Value
    begin: Graph
    step: Graph
    memory: tuple[tuple[Value, Value], ...]
    states: tuple[Carried, ...]
    owners: Mapping[Unit, tuple[SubModel, ...]]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a model cannot be run step by step: a node, and what is wrong with it."""

    node: Node
    reason: str


def take_apart(graph: Graph, looped: Value, output: str) -> Stepping | Obstacle:
    """The parts of a model of which one input is stepped and one output is wanted.

    The output has to depend on no later step of the input: see :mod:`seqspec.ir.causality`.
    """
    wanted = dict(graph.outputs)[output]
    handed = {carry.given for carry in graph.carried}
    graph = replace(
        graph,
        inputs=tuple(value for value in graph.inputs if value not in handed),
        outputs=((output, wanted),),
        nodes=alive(graph.nodes, [wanted]),
        carried=(),
    )
    stepped = _stepped(graph, looped)
    whole = opened(graph, lambda node: _is_opened(node, stepped))
    # A state that is carried from batch to batch is one that the steps carry, zero at first.
    nodes = tuple(
        replace(node, initial=()) if handed & set(node.initial) else node
        for node in whole.graph.nodes
    )
    graph = replace(whole.graph, nodes=alive(nodes, [whole.graph.outputs[0][1]]))
    return _Parts(graph, looped, _stepped(graph, looped), whole.owners).take()


def _is_opened(node: Node, stepped: set[Value]) -> bool:
    """Whether a called model is opened: one that is stepped, and one that begins cleared."""
    inside = isinstance(node.unit, SubModel) and any(stateful(node.unit.graph))
    return inside or any(value in stepped for value in node.outputs.values())


def _stepped(graph: Graph, looped: Value) -> set[Value]:
    """The values that come a step at a time: they follow from the input, or run beside it."""
    time = looped.tensor.shape[1]
    found = {looped}
    for value in graph.inputs:
        if not value.parts and has_steps(value) and value.tensor.shape[1] == time:
            found.add(value)
    for node in graph.nodes:
        beside = any(
            isinstance(value.type, Tensor) and time.symbol and time in value.type.shape[1:2]
            for value in node.outputs.values()
        )
        if beside or any(value in found for value in (*node.inputs, *node.initial)):
            found.update(v for o in node.outputs.values() for v in (o, *o.parts))
    return found


def has_steps(value: Value) -> bool:
    """Whether the axis of an input after the batch is time: not the features of a vector."""
    rank, shape = value.tensor.rank + (value.tensor.kind == "token"), value.tensor.shape
    return rank > 2 or (len(shape) == 2 and shape[1].value is None)


class _Parts:
    def __init__(
        self,
        graph: Graph,
        looped: Value,
        stepped: set[Value],
        owners: Mapping[Unit, tuple[SubModel, ...]],
    ) -> None:
        self.graph = graph
        self.looped = looped
        self.stepped = stepped
        self.owners = owners
        self.kept = {carry.given for carry in graph.carried}
        self.memory: dict[Value, Value] = {}
        self.states: list[Carried] = []
        self._now: dict[Value, Value] = {}
        self._names: set[str] = {value.name for value in graph.inputs}

    def take(self) -> Stepping | Obstacle:
        inputs = [value for value in self.graph.inputs if value in self.stepped]
        inputs.sort(key=lambda value: value is not self.looped)
        for value in inputs:
            type_ = self._any_length(replace(value.tensor, pad=None))
            self._now[value] = replace(value, type=type_, mask=None)
        nodes: list[Node] = []
        for node in self.graph.nodes:
            if not node.inputs:  # a weight of the model's own
                nodes.append(node)
            elif any(value in self.stepped for value in node.outputs.values()):
                reason = self._obstacle(node)
                if reason:
                    return Obstacle(node, reason)
                nodes += self._nodes(node)
        ((name, output),) = self.graph.outputs
        results = [(name, self._now[output])]
        results += [pair for c in self.states for pair in zip(c.names, c.kept, strict=True)]
        given = (
            *(self._now[value] for value in inputs),
            *self.memory.values(),
            *(carried.given for carried in self.states),
        )
        step = replace(
            self.graph,
            inputs=given,
            outputs=tuple(results),
            nodes=alive(tuple(nodes), [value for _, value in results]),
        )
        memory = tuple((given, value) for value, given in self.memory.items())
        return Stepping(self.looped, self._begin(), step, memory, tuple(self.states), self.owners)

    # ---- one step

    def _any_length(self, type_: Tensor) -> Tensor:
        """The type with as many steps as come, where the model is declared for a number of them."""
        fixed = self.looped.tensor.shape[1]
        stepwise = type_.rank > 2 or (type_.kind == "token" and type_.rank == 2)
        if fixed.value is None or not stepwise or type_.shape[1] != fixed:
            return type_
        name = next(n for n in ("T", "steps", "steps_") if n not in self.graph.symbols())
        return replace(type_, shape=(type_.shape[0], Dim.of(name), *type_.shape[2:]))

    def _obstacle(self, node: Node) -> str:
        """Why a node cannot be computed at one step alone; empty if it can."""
        moving = [value in self.stepped for value in node.inputs]
        if isinstance(node.unit, SubModel):
            return ""  # applied at each step of another axis
        if not node.fold and node.unit.spec.turns((node.unit.inner or node.unit).args):
            return "runs from the last step to the first"
        if any(value.tensor.rank == 1 for value in node.initial if not value.parts):
            return "starts from a weight of the model, which is no state of a lane"
        if node.unit.args.get("unroll"):
            return "is unrolled for a number of steps"
        masking = node.unit.spec.masking
        if node.fold or node.unit.spec.states or not any(moving):
            return "" if not self._starts_late(node) else "starts from a state of the same steps"
        if masking in (Masking.ATTENDS, Masking.HEADS):
            return "" if not any(moving[1:]) else "attends to steps that are not kept"
        if not node.value.type.causal:
            return "looks at other steps than the present one"
        if _reach(node) is not None:
            return ""
        if masking in (Masking.KEEPS, Masking.COUNTS, Masking.JOINS) or _whole_steps(node):
            return self._steps_of_its_own(node)
        return "needs steps before the present one, which are not kept"

    def _steps_of_its_own(self, node: Node) -> str:
        """Whether it joins the steps with as many others, all of which are there before."""
        still = [value.tensor for value in node.inputs if value not in self.stepped]
        fixed = self.looped.tensor.shape[1]
        if fixed.value and any(t.rank > 2 and t.shape[1] == fixed for t in still):
            return f"joins the steps with {fixed} others: name the axis of time instead"
        return ""

    def _starts_late(self, node: Node) -> bool:
        return any(value in self.stepped for value in node.initial)

    def _nodes(self, node: Node) -> tuple[Node, ...]:
        """What computes a node in the step."""
        stepped, reach = self._node(node), _reach(node)
        if not reach:
            return (stepped,)
        (x,), name = stepped.inputs, self._named(node.unit.name)
        window = with_past(stepped, x, stepped.value, reach, name)
        self.states.append(Carried(node.unit, window.given, (window.kept,), ()))
        return window.nodes

    def _node(self, node: Node) -> Node:
        for value in node.outputs.values():
            parts = tuple(replace(part) for part in value.parts)
            type_ = value.type
            if isinstance(type_, Tensor):
                pad = None if type_.pad is Padding.GIVEN else type_.pad
                type_ = self._any_length(replace(type_, pad=pad))
            self._now[value] = replace(value, type=type_, parts=parts, mask=None)
            self._now.update(zip(value.parts, parts, strict=True))
        initial: tuple[Value, ...] = ()
        if not isinstance(node.unit, SubModel) and node.unit.spec.states and not node.fold:
            initial = (self._carried(node),)
        return replace(
            node,
            inputs=tuple(map(self._given, node.inputs)),
            initial=initial,
            outputs={name: self._now[value] for name, value in node.outputs.items()},
            loses_mask=False,
        )

    def _given(self, value: Value) -> Value:
        """What a node of the step reads for a value: of the step, or of the memory."""
        if value in self._now or self._is_weight(value):
            return self._now.get(value, value)
        name = self._named(value.name or self._maker(value))
        mask = Given(name) if value.mask is not None else None
        self.memory[value] = self._now[value] = replace(value, name=name, mask=mask)
        return self._now[value]

    def _carried(self, node: Node) -> Value:
        whole = node.outputs["state"]
        name = self._named(node.unit.name)
        parts = tuple(replace(part, name="") for part in whole.parts)
        given = replace(whole, name=name, parts=parts)
        # What is carried from batch to batch begins cleared here.
        start = () if any(value in self.kept for value in node.initial) else node.initial
        if len(start) == 1 and isinstance(start[0].type, State):
            start = start[0].parts
        self.states.append(Carried(node.unit, given, self._now[whole].parts, start))
        return given

    def _named(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def _maker(self, value: Value) -> str:
        for node in self.graph.nodes:
            if any(value in (o, *o.parts) for o in node.outputs.values()):
                return node.unit.name
        return "memory"

    def _is_weight(self, value: Value) -> bool:
        return any(not n.inputs and value in n.outputs.values() for n in self.graph.nodes)

    # ---- before the first step

    def _begin(self) -> Graph:
        outputs = [(given.name, value) for value, given in self.memory.items()]
        for carried in self.states:
            outputs += zip(carried.names, carried.start, strict=False)
        masks = (value.mask for value in self.graph.inputs if value in self.stepped)
        needless = {mask.lengths for mask in masks if isinstance(mask, ByLengths)}
        inputs = tuple(
            value
            for value in self.graph.inputs
            if value not in self.stepped | self.kept and value.name not in needless
        )
        moving = self.stepped
        nodes = tuple(n for n in self.graph.nodes if not moving & set(n.outputs.values()))
        kept = alive(nodes, [value for _, value in outputs])
        return replace(self.graph, inputs=inputs, outputs=tuple(outputs), nodes=kept)


def _reach(node: Node) -> int | None:
    """How many steps before the present one a node looks at; None if it has no window of steps."""
    if isinstance(node.unit, SubModel) or node.fold:
        return None
    return node.unit.spec.reach(node.unit.args)


def _whole_steps(node: Node) -> bool:
    """Whether a node is a slice that leaves the steps as they are."""
    if not isinstance(node.unit, Layer) or node.unit.spec is not SLICE:
        return False
    axes = spread(node.unit.args["index"], node.inputs[0].tensor.rank)
    return axes is not None and axes[1][1] == Cut()


def beside(stepping: Stepping) -> list[Value]:
    """The inputs that come with each step, besides the one that is stepped."""
    kept = {*(given for given, _ in stepping.memory), *(c.given for c in stepping.states)}
    return [value for value in stepping.step.inputs[1:] if value not in kept]


def is_itself(stepping: Stepping, graph: Graph) -> bool:
    """Whether a step is the model as it is: it is handed, and gives, all that steps carry.

    ``graph`` is the model with its carried states explicit: see :mod:`seqspec.ir.carried`.
    """
    count = len(graph.carried)
    owners = (stepping.owners.get(carried.unit, ()) for carried in stepping.states)
    units = zip(owners, (carried.unit for carried in stepping.states), strict=True)
    paths = ["/".join(unit.name for unit in (*around, inner)) for around, inner in units]
    ports, given = graph.inputs[: len(graph.inputs) - count], stepping.step.inputs
    return (
        count > 0
        and paths == [carry.path for carry in graph.carried]
        and [(v.name, v.type) for v in ports] == [(v.name, v.type) for v in given[: len(ports)]]
        and len(given) == len(graph.inputs)
        and len(graph.outputs) == 1 + count
    )


def stepping_of(task: Task, graph: Graph) -> Stepping | None:
    """The parts of a task's model, if it is run step by step; ``graph`` as a backend has it."""
    stepped = task.stepped
    if stepped is None:
        return None
    looped = next(value for value in graph.inputs if value.name == stepped.input)
    parts = take_apart(graph, looped, stepped.output)
    assert isinstance(parts, Stepping), "the checker has seen to that"
    return parts
