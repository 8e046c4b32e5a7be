"""``stepper.py``: a model run online, the same for both backends but for how it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.base import OutputFile
from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.python_text import (
    Group,
    Names,
    assign,
    comment,
    definition,
    docstring,
    flat,
    literal,
    mapping,
)
from seqspec.backends.render import render
from seqspec.ir.carried import explicit
from seqspec.ir.graph import Value
from seqspec.ir.stepping import Stepping, has_steps, is_itself, stepping_of
from seqspec.ir.task import Task

_RESERVED = (
    *("self", "np", "torch", "keras", "os", "lanes", "chosen", "output", "state", "kept", "new"),
    *("Path", "Sequence", "STATE", "FORMAT", "TENSORS", "Stepper", "StateError", "read", "begun"),
    *("Scaling", "safetensors", "safe_open", "SafetensorError", "pair", "first"),
)


@dataclass(frozen=True, slots=True)
class Port:
    """An input as an argument: its variable, what it is, and how it reaches the model."""

    value: Value
    variable: str
    prepared: str
    constant: str
    scaled: bool

    @property
    def shape(self) -> str:
        """Its shape in words: lanes come first, then steps if it has such."""
        _, *axes = self.value.tensor.shape
        words = ["lanes", *(["steps", *map(str, axes[1:])] if has_steps(self.value) else axes)]
        return comment(f"[{', '.join(map(str, words))}]")


@dataclass(frozen=True, slots=True)
class StepperPlan:
    """The template's values; see ``templates/_shared/stepper.py.j2``.

    ``itself`` says that the model is a step as it is, ``fixed`` that lanes begin with inputs of
    their own, ``memory`` how many of the arrays that are kept of a lane never change.
    """

    doc: tuple[str, ...]
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    name: str
    keras: bool
    scales: bool
    scales_columns: bool
    scales_arrays: bool
    inverts: bool
    itself: bool
    fixed: bool
    several_fixed: bool
    fixed_arrays: str
    memory: int
    moving: str
    output: str
    init: tuple[str, ...]
    built: tuple[str, ...]
    add: tuple[str, ...]
    feed: tuple[str, ...]
    fed_note: tuple[str, ...]
    prepare: tuple[str, ...]
    prepared: str


def stepper_file(task: Task, model: str, *, keras: bool = False) -> OutputFile:
    """``stepper.py`` of a task that is run online; ``model`` is the class of its model."""
    text = render("_shared/stepper.py.j2", plan=_Planner(task, model, keras=keras).plan())
    return OutputFile("stepper.py", text)


def ports(task: Task) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """The inputs that come step by step, the looped one first, and those that lanes begin with."""
    stepping = stepping_of(task, task.graph)
    assert stepping is not None
    names = Names(_RESERVED)
    stepped = {value.name for value in stepping.step.inputs if not value.parts}
    remembered = {given.name for given, _ in stepping.memory}
    moving = [v for v in task.graph.inputs if v.name in stepped - remembered and has_steps(v)]
    moving.sort(key=lambda value: value.name != stepping.looped.name)
    begun = [value for value in task.graph.inputs if value in stepping.begin.inputs]
    needed = begun if any(stepping.begin.nodes) or stepping.memory else []
    feeds = _feeds(task)
    return (
        tuple(_port(value, names, feeds) for value in moving),
        tuple(_port(value, names, feeds) for value in needed if value not in moving),
    )


def _feeds(task: Task) -> dict[str, Feed]:
    if task.training is None:
        return {}
    feeds = Feeds(task, task.training).inputs
    return {value.name: feed for value, feed in zip(task.graph.inputs, feeds, strict=True)}


def _port(value: Value, names: Names, feeds: dict[str, Feed]) -> Port:
    name = names.fresh(value.name)
    feed = feeds.get(value.name)
    if value.tensor.kind == "token":
        return Port(value, name, f"np.asarray({name}, np.{{ids}})", "", scaled=False)
    if feed is None or not feed.scaled:
        return Port(value, name, f"np.asarray({name}, np.float32)", "", scaled=False)
    key = feed.constant or flat(feed.key)
    return Port(value, name, f"self._scaled({name}, {key})", feed.constant, scaled=True)


def paths(stepping: Stepping) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What is kept of each lane: its name in a state file, and its shape."""
    for given, _ in stepping.memory:
        yield f"memory/{given.name}", _sizes(given)
    applied: Counter[str] = Counter()
    for carried in stepping.states:
        owners = stepping.owners.get(carried.unit, ())
        path = "/".join(one.name for one in (*owners, carried.unit))
        applied[path] += 1
        again = f".{applied[path]}" if applied[path] > 1 else ""  # a layer with several states
        for (part, _), value in zip(carried.given.state.parts, carried.given.parts, strict=True):
            yield f"{path}{again}/{part}", _sizes(value)


def _sizes(value: Value) -> tuple[int, ...]:
    sizes = [dim.value for dim in value.tensor.shape[1:]]
    return tuple(size for size in sizes if size is not None)


class _Planner:
    def __init__(self, task: Task, model: str, *, keras: bool) -> None:
        self.task = task
        self.model = model
        self.keras = keras
        stepping = stepping_of(task, task.graph)
        assert stepping is not None
        self.stepping = stepping
        self.itself = is_itself(stepping, explicit(task.graph))
        self.moving, self.fixed = ports(task)

    def plan(self) -> StepperPlan:
        task, keras = self.task, self.keras
        every = (*self.moving, *self.fixed)
        scaled = [port for port in every if port.scaled]
        inverts = self._inverts()
        scales = bool(scaled) or inverts
        memory = len(self.stepping.memory)
        assert task.stepped is not None
        typed = "keras.Model" if keras else self.model
        parameters = ["self", f"model: {typed}", *(["scaling: Scaling"] if scales else [])]
        parameters += [] if keras else ['device: str = "cpu"']
        arrays = [f"{port.variable}: np.ndarray" for port in self.fixed]
        fed = [f"{port.variable}: np.ndarray" for port in self.moving]
        lanes = "lanes: Sequence[int] | None = None"
        ids = "int32" if keras else "int64"
        prepare = [f"        {p.variable} = {p.prepared.format(ids=ids)}" for p in self.moving]
        given = ", ".join(port.variable for port in self.moving)
        return StepperPlan(
            doc=tuple(docstring(self._doc())),
            imports=tuple(self._imports(scaled, scales)),
            constants=tuple(self._constants()),
            name=self.model,
            keras=keras,
            scales=scales,
            scales_columns=any(port.constant for port in scaled),
            scales_arrays=any(not port.constant for port in scaled),
            inverts=inverts,
            itself=self.itself,
            fixed=bool(self.fixed),
            several_fixed=len(self.fixed) > 1,
            fixed_arrays=", ".join(port.prepared.format(ids=ids) for port in self.fixed),
            memory=memory,
            moving=f"[{memory}:]" if memory else "",
            output=literal(task.stepped.output),
            init=tuple(definition("__init__", parameters, "None", indent=4)),
            built=tuple(self._built()),
            add=tuple(
                definition("add", ["self", *(arrays or ["lanes: int = 1"])], "None", indent=4)
            ),
            feed=tuple(definition("feed", ["self", *fed, lanes], "np.ndarray", indent=4)),
            fed_note=tuple(f"{port.variable} is {port.shape}." for port in self.moving),
            prepare=(*self._checks(), *prepare),
            prepared=f"({given},)" if len(self.moving) == 1 else f"({given})",
        )

    def _doc(self) -> str:
        return (
            f"{self.task.graph.name}, run online: step by step, keeping each lane's state.\n\n"
            f"Compiled by seqspec {__version__} from the spec {self.task.spec_name}; yours to edit."
        )

    def _inverts(self) -> bool:
        """Whether the output is in scaled units."""
        training, stepped = self.task.training, self.task.stepped
        if training is None or stepped is None or training.data.scale is None:
            return False
        terms = [term for term in training.terms if term.output == stepped.output]
        return bool(terms) and bool(terms[0].loss.entry.facts["scaled"])

    def _imports(self, scaled: list[Port], scales: bool) -> Iterator[str]:
        constants = sorted({port.constant for port in scaled if port.constant})
        names = [*constants, *(["Scaling"] if scales else [])]
        if names:
            yield f"from data import {', '.join(names)}"
        if self.keras and self.itself:
            return
        if self.keras:
            begun = ["build_begin"] if self.fixed else []
            yield f"from model import {', '.join([*begun, 'build_step'])}"
            return
        memory = [f"{self.model}Memory"] if self.stepping.memory else []
        yield f"from model import {', '.join([self.model, *memory, f'{self.model}State'])}"

    def _constants(self) -> Iterator[str]:
        kept = list(paths(self.stepping))
        entries = [(name, Group("(", shape)) for name, shape in kept]
        yield from assign("STATE", mapping(entries), note="what is kept of each lane")
        if self.keras and not self.itself:
            called = [given.name for given, _ in self.stepping.memory]
            called += [name for carried in self.stepping.states for name in carried.names]
            note = "what the model calls them"
            yield from assign("TENSORS", Group("(", tuple(called)), note=note)
        said = [
            ("format", "seqspec-state"),
            ("format_version", "1"),
            ("model", self.task.graph.name),
        ]
        yield from assign("FORMAT", mapping(said))

    def _checks(self) -> Iterator[str]:
        """What refuses arrays that would be broadcast to the wrong lanes or features."""
        for port in self.moving:
            axes = flat(Group("(", tuple(dim.value or 0 for dim in port.value.tensor.shape[2:])))
            name = port.variable
            yield f"        check({flat(literal(name))}, {name}, len(chosen), {axes})"

    def _built(self) -> Iterator[str]:
        if self.itself:
            yield "        self.model = model"
            return
        if self.fixed:
            yield "        self.begin = build_begin(model)"
        yield "        self.step = build_step(model)"
