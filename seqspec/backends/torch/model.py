"""``model.py``: a class for each distinct model of the spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.python_text import (
    MODULE_ATTRIBUTES,
    WIDTH,
    Call,
    Code,
    Names,
    assign,
    definition,
    docstring,
    flat,
    safe,
    statement,
)
from seqspec.backends.spec_text import declarations
from seqspec.backends.torch.body import shape_note
from seqspec.backends.torch.forward import Forward, logits_activation, lower_forward
from seqspec.backends.torch.loops import LoopPlan, plan_loop
from seqspec.backends.torch.parts import Draw, Part, Piece, filled
from seqspec.backends.torch.recurrent import KINDS, Loop
from seqspec.backends.torch.units import core, parts
from seqspec.ir.graph import Graph, SubModel, Unit, Value
from seqspec.ir.task import Task
from seqspec.types import Tensor

#: What the files of a program call something else: no class of a model may have these names.
_MODULE_NAMES = """
    torch nn functional Tensor NamedTuple annotations build_model scaled_normal_
    pad_same average_same
    Path Callable SafetensorError WeightsError TrainingError DataError Dataset Part Scaling
    FORMAT SHAPES EPOCHS BATCH_SIZE LEARNING_RATE SEED CLIPNORM GLOBAL_CLIPNORM CLIPVALUE PATIENCE
    MIN_DELTA REPORTED
""".split()
_ATTRIBUTES = (*MODULE_ATTRIBUTES, "reset_parameters", "logits", "torch", "nn", "functional")


@dataclass(frozen=True, slots=True)
class Slot:
    """A weight of the file: its canonical path, and the views that make it up.

    ``owner`` is the path of the module in the model, ``kind`` a word for what it is.
    """

    path: str
    owner: str
    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """One model's class; all texts are finished lines."""

    name: str
    doc: tuple[str, ...]
    modules: tuple[str, ...]
    draws: tuple[str, ...]
    forward: Forward
    signature: tuple[str, ...]
    logits: tuple[str, ...]
    outputs_class: str


@dataclass(frozen=True, slots=True)
class SharedDraws:
    """A function that draws the first weights of several modules."""

    signature: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """All of ``model.py``, and what other files need to know about it."""

    header: tuple[str, ...]
    imports: tuple[str, ...]
    loops: tuple[LoopPlan, ...]
    classes: tuple[ClassPlan, ...]
    draws: tuple[SharedDraws, ...]
    scaled_normal: bool
    pad_same: bool
    average_same: bool
    main: str
    slots: tuple[Slot, ...]
    has_logits: bool


_Recipe = tuple[object, ...]


def _recipe(part: Part) -> _Recipe:
    return (
        part.module.kind,
        *((d.function, d.shared_target, d.args, d.keywords) for d in part.draws),
    )


class ModelLowering:
    """Lowers the graph of a task and the graphs of the models in it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._names = Names(_MODULE_NAMES)
        self._attributes: dict[int, dict[Unit, str]] = {}
        self._parts: dict[Unit, tuple[Part, ...]] = {}
        self._class_names: dict[int, str] = {}
        self._classes: dict[tuple[object, ...], ClassPlan] = {}
        self._shared: dict[_Recipe, str] = {}
        self._shared_plans: list[SharedDraws] = []
        self._loops: dict[str, tuple[Loop, bool]] = {}
        self._graphs: list[Graph] = []

    def plan(self) -> ModelPlan:
        graph = self._task.graph
        for inner in self._walk(graph):
            self._prepare(inner)
        self._share()
        training = self._task.training
        split = (
            training is not None
            and not training.from_logits
            and bool(training.loss.name.endswith("crossentropy") and logits_activation(graph))
        )
        for inner in self._graphs:
            self._lower(inner, split and inner is graph)
        classes = tuple(self._classes.values())
        slots = tuple(self._slots(graph, "", ""))
        loops = tuple(plan_loop(loop, takes_state=given) for loop, given in self._loops.values())
        plan_lines = [
            line for c in classes for line in (*c.modules, *c.draws, *c.forward.lines, *c.logits)
        ]
        plan_lines += [line for d in self._shared_plans for line in d.lines]
        plan_lines += [line for c in classes for line in c.forward.head]
        plan_lines += [line for loop in loops for line in ("torch.stack", *loop.start, *loop.step)]
        average_same = any("average_same(" in line for line in plan_lines)
        pad_same = average_same or any("pad_same(" in line for line in plan_lines)
        plan_lines += ["functional.pad"] if pad_same else []
        plan_lines += ["torch.ones_like"] if average_same else []
        text = "\n".join(plan_lines)
        return ModelPlan(
            header=tuple(docstring(_header(self._task))),
            imports=tuple(_imports(text, named=any(c.outputs_class for c in classes))),
            loops=loops,
            classes=classes,
            draws=tuple(self._shared_plans),
            scaled_normal="scaled_normal_(" in text,
            pad_same=pad_same,
            average_same=average_same,
            main=self._class_names[id(graph)],
            slots=slots,
            has_logits=split,
        )

    def _walk(self, graph: Graph) -> Iterator[Graph]:
        """The graphs a graph is made of, those inside first."""
        for unit in graph.units:
            inner = unit
            if isinstance(inner, SubModel) and all(g is not inner.graph for g in self._graphs):
                yield from self._walk(inner.graph)
        if all(g is not graph for g in self._graphs):
            self._graphs.append(graph)
            yield graph

    # -------------------------------------------------------------------------------- modules

    def _prepare(self, graph: Graph) -> None:
        names = Names(_ATTRIBUTES)
        attributes: dict[Unit, str] = {}
        for unit in graph.units:
            if isinstance(unit, SubModel):
                attributes[unit] = names.fresh(unit.name)
                continue
            found = core(unit)
            trial = parts(unit, "trial")
            if not trial:
                continue
            attribute = names.fresh(unit.name)
            if len(trial) > 1:  # one module for each direction, named after both
                names.fresh(f"{attribute}_forward")
                names.fresh(f"{attribute}_backward")
            attributes[unit] = attribute
            self._parts[unit] = parts(unit, attribute)
            if found.recurrent is not None and not found.recurrent.fused:
                self._loop(found.recurrent.loop, graph, unit)
        self._attributes[id(graph)] = attributes

    def _loop(self, loop: Loop, graph: Graph, unit: Unit) -> None:
        takes_state = any(node.unit is unit and node.initial for node in graph.nodes)
        known = self._loops.get(loop.name)
        if known is None:
            self._names.fresh(loop.name)
        takes_state = takes_state or (known is not None and known[1])
        self._loops[loop.name] = (loop, takes_state)

    def _share(self) -> None:
        counted = Counter(
            _recipe(part)
            for graph in self._graphs
            for part in self._parts_of(graph)
            if len(part.draws) > 1
        )
        for graph in self._graphs:
            for part in self._parts_of(graph):
                recipe = _recipe(part)
                inline = counted[recipe] * len(part.draws)
                shared = counted[recipe] + len(part.draws) + 2
                if inline > shared and recipe not in self._shared:
                    self._shared[recipe] = self._shared_draws(part)

    def _parts_of(self, graph: Graph) -> Iterator[Part]:
        for unit in graph.units:
            yield from self._parts.get(unit, ())

    def _shared_draws(self, part: Part) -> str:
        owner = _word(part)
        name = self._names.fresh(f"initialise_{owner}")
        holder = "weights" if part.by_name else owner
        lines = _parameters(holder, owner, 4) if part.by_name else []
        for draw in part.draws:
            lines += _draw_lines(draw, filled(draw.shared_target, holder, owner), 4)
        signature = definition(name, [f"{owner}: {part.module.kind}"], "None")
        self._shared_plans.append(SharedDraws(tuple(signature), tuple(lines)))
        return name

    # -------------------------------------------------------------------------------- classes

    def _lower(self, graph: Graph, split: bool) -> None:
        attributes = self._attributes[id(graph)]
        modules: list[str] = []
        draws: list[str] = []
        grouped = False
        for unit in graph.units:
            if isinstance(unit, SubModel):
                build = Call(self._class_names[id(unit.graph)])
                modules += assign(f"self.{attributes[unit]}", build, indent=8)
            for part in self._parts.get(unit, ()):
                modules += assign(f"self.{part.module.name}", part.module.build, indent=8)
                lines = self._draws(part)
                # A blank line around what takes several statements.
                if lines and draws and (len(lines) > 1 or grouped):
                    draws.append("")
                grouped = len(lines) > 1 if lines else grouped
                draws += lines
        base = safe(graph.name)
        base = base[0].upper() + base[1:]
        key_names = Names(_MODULE_NAMES)
        placeholder = key_names.fresh(f"{base}Outputs")
        forward = lower_forward(graph, attributes, split_logits=split, outputs_class=placeholder)
        key = (graph.name, tuple(modules), tuple(draws), forward)
        if key in self._classes:
            self._class_names[id(graph)] = self._classes[key].name
            return
        name = self._names.fresh(base)
        self._class_names[id(graph)] = name
        outputs_class = ""
        if forward.fields:
            outputs_class = self._names.fresh(f"{name}Outputs")
            forward = lower_forward(
                graph, attributes, split_logits=split, outputs_class=outputs_class
            )
        parameters = ["self", *forward.parameters]
        self._classes[key] = ClassPlan(
            name,
            tuple(docstring(_class_doc(graph, main=graph is self._task.graph), 4)),
            tuple(modules),
            tuple(draws),
            forward,
            tuple(definition("forward", parameters, forward.result, indent=4)),
            tuple(definition("logits", parameters, "Tensor", indent=4)) if forward.head else (),
            outputs_class,
        )

    def _draws(self, part: Part) -> list[str]:
        owner = f"self.{part.module.name}"
        shared = self._shared.get(_recipe(part))
        if shared:
            return statement("", Call(shared, (Code(owner),)), indent=8)
        holder = part.module.name if part.by_name else owner
        lines = _parameters(holder, owner, 8) if part.by_name else []
        for draw in part.draws:
            lines += _draw_lines(draw, filled(draw.target, holder, owner), 8)
        return lines

    def _slots(self, graph: Graph, owner: str, path: str) -> Iterator[Slot]:
        attributes = self._attributes[id(graph)]
        for unit in graph.units:
            if isinstance(unit, SubModel):
                yield from self._slots(
                    unit.graph, f"{owner}{attributes[unit]}.", f"{path}{unit.name}/"
                )
            for part in self._parts.get(unit, ()):
                for stored in part.stored:
                    module = f"{owner}{part.module.name}"
                    name = f"{path}{unit.name}/{stored.name}"
                    yield Slot(name, module, _word(part), stored.pieces)


def _word(part: Part) -> str:
    """A short name for a module: ``lstm`` for nn.LSTM and for ReluLSTM."""
    kind = part.module.kind.removeprefix("nn.").removesuffix("NoBias").lower()
    return next((k.lower() for k in KINDS.values() if kind.endswith(k.lower())), kind)


def _parameters(holder: str, owner: str, indent: int) -> list[str]:
    return assign(holder, Code(f"dict({owner}.named_parameters())"), indent=indent)


def _draw_lines(draw: Draw, target: Code, indent: int) -> list[str]:
    call = Call(draw.function, (target, *draw.args), draw.keywords)
    if draw.after and indent + len(flat(call)) + len(draw.after) > WIDTH:
        first = statement("", call, indent=indent, note=draw.note)
        return [*first, *statement("", Code(target + draw.after), indent=indent)]
    return statement("", call, draw.after, indent=indent, note=draw.note)


def _imports(text: str, *, named: bool) -> Iterator[str]:
    """The import lines for the code of the classes."""
    if named:
        yield "from typing import NamedTuple"
        yield ""
    if "torch." in text:
        yield "import torch"
    yield "from torch import Tensor, nn"
    if "functional." in text:
        yield "from torch.nn import functional"


def _header(task: Task) -> str:
    graph = task.graph
    title = f"{graph.name}: {graph.doc}" if graph.doc else f"{graph.name}."
    sources = [_source(text) for text in declarations(task)]
    settings = "".join(f"\nWith {name} = {value}." for name, value in task.overrides.items())
    origin = (
        f"Compiled from {task.spec_name} by seqspec {__version__}. "
        "Needs PyTorch and safetensors only; yours to edit."
    )
    body = "\n\n".join(dict.fromkeys(s for s in sources if s))
    return "\n\n".join(part for part in (title, body, settings.strip(), origin) if part)


def _source(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else "" for line in text.strip().splitlines())


def _class_doc(graph: Graph, *, main: bool) -> str:
    inputs = ", ".join(_shown(value.name, value) for value in graph.inputs)
    alone = len(graph.outputs) == 1
    outputs = ", ".join(
        _shown("" if alone and name == "output" else name, value) for name, value in graph.outputs
    )
    shapes = f"{inputs} -> {outputs}"
    return shapes if main or not graph.doc else f"{graph.doc}\n\n{shapes}"


def _shown(name: str, value: Value) -> str:
    note = shape_note(value)
    return f"{name} {note if isinstance(value.type, Tensor) else f'({note})'}".strip()
