"""``model.py``: a class for each distinct model of the spec."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from seqspec.backends.copies import Copy, Written, with_copies
from seqspec.backends.python_text import (
    MODULE_ATTRIBUTES,
    Call,
    Code,
    Names,
    assign,
    definition,
    docstring,
    safe,
    statement,
)
from seqspec.backends.spec_text import about
from seqspec.backends.torch.body import shape_note
from seqspec.backends.torch.carried import StatePlan, plan_state
from seqspec.backends.torch.drawing import draw_lines, loop_over_parameters, word
from seqspec.backends.torch.forward import lower_forward
from seqspec.backends.torch.logits import split_outputs
from seqspec.backends.torch.loops import Taken, plan_loop
from seqspec.backends.torch.masking import MaskPlan, plan_masks
from seqspec.backends.torch.model_plan import ClassPlan, ModelPlan, SharedDraws
from seqspec.backends.torch.own_functions import NAMES as OWN_FUNCTIONS
from seqspec.backends.torch.own_functions import called
from seqspec.backends.torch.parts import Part, Slot, filled
from seqspec.backends.torch.recurrent import Loop
from seqspec.backends.torch.stepping import StepPlan, attributes_of, plan_steps
from seqspec.backends.torch.steps import step_by_step
from seqspec.backends.torch.units import core, parts
from seqspec.ir.carried import explicit
from seqspec.ir.graph import Graph, SubModel, Unit, Value
from seqspec.ir.padding import reads
from seqspec.ir.stepping import is_itself, stepping_of
from seqspec.ir.task import Task
from seqspec.types import Tensor

#: What the files of a program call something else: no class of a model may have these names.
_MODULE_NAMES = (
    """
    torch nn functional Tensor NamedTuple annotations build_model
    Path Callable SafetensorError WeightsError TrainingError DataError Dataset Part Scaling
    FORMAT SHAPES EPOCHS BATCH_SIZE LEARNING_RATE SEED CLIPNORM GLOBAL_CLIPNORM CLIPVALUE PATIENCE
    MIN_DELTA REPORTED Iterable Updates SGD RMSprop LEARNING_RATES BOUNDARIES DECAY_STEPS DECAY_RATE
    END_LEARNING_RATE POWER ALPHA WARMUP_TARGET WARMUP_STEPS FIRST_DECAY_STEPS T_MUL M_MUL
    learning_rate JOINT one_by_one Lion Averages WEIGHT_DECAY ACCUMULATION EMA_MOMENTUM
    EMA_OVERWRITE PRECISION
""".split()
    + list(OWN_FUNCTIONS)
)
_STREAMED = ("Carried", "Chunk", "Stream")
_METHODS = ("reset_parameters", "zero_state", "logits")
_ATTRIBUTES = (*MODULE_ATTRIBUTES, *_METHODS, "torch", "nn", "functional")

_Recipe = tuple[object, ...]
#: What classes that are the same have in common.
_Key = tuple[object, ...]


def _recipe(part: Part) -> _Recipe:
    return (
        part.module.kind,
        *((d.function, d.of, d.target, d.args, d.keywords) for d in part.draws),
    )


def lower_model(task: Task) -> ModelPlan:
    """All of ``model.py``; models that differ in numbers only share a class."""

    def write(copies: Mapping[_Key, Copy]) -> tuple[ModelPlan, Mapping[_Key, Written]]:
        lowering = ModelLowering(task, copies)
        return lowering.plan(), lowering.written

    return with_copies(write)


class ModelLowering:
    """Lowers the graph of a task and the graphs of the models in it.

    ``written`` are the classes that might be one with another.
    """

    def __init__(self, task: Task, copies: Mapping[_Key, Copy]) -> None:
        self.written: dict[_Key, Written] = {}
        self._copies = copies
        self._task = task
        self._graph = explicit(step_by_step(task.graph))
        training = task.training
        streamed = training is not None and training.data.streams is not None
        self._names = Names((*_MODULE_NAMES, *(_STREAMED if streamed else ())))
        self._attributes: dict[int, dict[Unit, str]] = {}
        self._parts: dict[Unit, tuple[Part, ...]] = {}
        self._builds: dict[int, Call] = {}
        self._classes: dict[object, ClassPlan] = {}
        self._counted: Counter[str] = Counter()
        self._shared: dict[_Recipe, str] = {}
        self._shared_plans: list[SharedDraws] = []
        self._loops: dict[str, tuple[Loop, Taken]] = {}
        self._graphs: list[Graph] = []
        self._stepping = stepping_of(task, self._graph)
        self._itself = self._stepping is not None and is_itself(self._stepping, self._graph)

    def plan(self) -> ModelPlan:
        graph = self._graph
        for inner in self._walk(graph):
            self._prepare(inner)
        self._share()
        split = split_outputs(self._task, graph)
        for inner in self._graphs:
            self._lower(inner, split if inner is graph else {})
        steps = self._steps()
        main = self._builds[id(graph)].function
        classes = tuple(
            replace(c, steps=steps) if c.name == main else c for c in self._classes.values()
        )
        slots = tuple(self._slots(graph, "", ""))
        loops = tuple(plan_loop(loop, taken) for loop, taken in self._loops.values())
        plan_lines = [
            line for c in classes for line in (*c.modules, *c.draws, *c.forward.lines, *c.logits)
        ]
        plan_lines += [*steps.begin, *steps.step] if steps is not None else []
        plan_lines += [line for d in self._shared_plans for line in d.lines]
        plan_lines += [line for c in classes for line in c.forward.head]
        plan_lines += [line for loop in loops for line in ("torch.stack", *loop.start, *loop.step)]
        plan_lines += [loop.goes for loop in loops]
        masks = plan_masks(graph, self._graphs)
        plan_lines += ["torch.where"] if masks.over_data and masks.anywhere else []
        own = called(plan_lines)
        named = steps is not None or any(c.outputs_class or c.state for c in classes)
        return ModelPlan(
            header=tuple(about(self._task, "PyTorch")),
            imports=tuple(_imports(own.text, masks, named=named)),
            loops=loops,
            classes=classes,
            draws=tuple(self._shared_plans),
            own_classes=own.classes,
            masks=masks,
            functions=own.functions,
            main=self._builds[id(graph)].function,
            steps=steps,
            stepping=self._stepping,
            slots=slots,
            logits=tuple(split),
            state=next((c.state for c in classes if c.state), None),
        )

    def _steps(self) -> StepPlan | None:
        """The methods for running the model step by step, if it needs some of its own."""
        if self._stepping is None or self._itself:
            return None
        attributes = attributes_of(self._graph, self._stepping, self._attributes)
        return plan_steps(self._stepping, attributes, self._builds[id(self._graph)].function)

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
            # Modules beside it, such as one for each direction, are named after it.
            beside = [f"{attribute}{p.module.name.removeprefix('trial')}" for p in trial]
            for name in beside:
                if name != attribute:
                    names.fresh(name)
            attributes[unit] = attribute
            self._parts[unit] = parts(unit, attribute)
            if found.recurrent is not None and not found.recurrent.fused:
                self._loop(found.recurrent.loop, graph, unit)
        self._attributes[id(graph)] = attributes

    def _loop(self, loop: Loop, graph: Graph, unit: Unit) -> None:
        nodes = [node for node in graph.nodes if node.unit is unit]
        masked = [reads(node)[0] is not None for node in nodes]
        known = self._loops.get(loop.name)
        if known is None:
            self._names.fresh(loop.name)
        taken = known[1] if known is not None else Taken()
        carried = self._stepping is not None and unit in self._stepping.step.units
        state = taken.state or carried or any(node.initial for node in nodes)
        mask, always = taken.mask or any(masked), taken.always and all(masked) and not carried
        self._loops[loop.name] = (loop, Taken(state, mask, always))

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
                if (part.units or inline > shared) and recipe not in self._shared:
                    self._shared[recipe] = self._shared_draws(part)

    def _parts_of(self, graph: Graph) -> Iterator[Part]:
        for unit in graph.units:
            yield from self._parts.get(unit, ())

    def _shared_draws(self, part: Part) -> str:
        owner = word(part)
        kind = part.module.kind.removeprefix("nn.").removesuffix("NoBias")
        name = f"initialise_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', kind).lower()}"
        if self._names.has(name):  # another recipe for the same kind
            name = f"initialise_{part.module.name}"
        name = self._names.fresh(name)
        lines: list[str] = []
        if any("units" in draw.target for draw in part.draws):
            lines += assign("units", Code(f"{owner}.{part.units}"), indent=4)
        if part.by_name:
            lines += loop_over_parameters(owner, part.draws)
        else:
            for draw in part.draws:
                lines += draw_lines(draw, filled(draw.target, owner), 4)
        signature = definition(name, [f"{owner}: {part.module.kind}"], "None")
        self._shared_plans.append(SharedDraws(tuple(signature), tuple(lines)))
        return name

    # -------------------------------------------------------------------------------- classes

    def _members(self, graph: Graph, attributes: Mapping[Unit, str]) -> tuple[list[str], list[str]]:
        """The lines that build a class's modules, and those that draw their weights."""
        modules: list[str] = []
        draws: list[str] = []
        grouped = False
        notes: set[str] = set()
        for unit in graph.units:
            if isinstance(unit, SubModel):
                build = self._builds[id(unit.graph)]
                modules += assign(f"self.{attributes[unit]}", build, indent=8)
            for part in self._parts.get(unit, ()):
                module = part.module
                note = "" if module.note in notes else module.note  # once in a class
                notes.add(note)
                modules += assign(f"self.{module.name}", module.build, indent=8, note=note)
                lines = self._draws(part)
                # A blank line around what takes several statements.
                if lines and draws and (len(lines) > 1 or grouped):
                    draws.append("")
                grouped = len(lines) > 1 if lines else grouped
                draws += lines
        return modules, draws

    def _lower(self, graph: Graph, split: Mapping[str, str]) -> None:
        attributes = self._attributes[id(graph)]
        modules, draws = self._members(graph, attributes)
        base = safe(graph.name)
        base = base[0].upper() + base[1:]
        key_names = Names(_MODULE_NAMES)
        placeholder = key_names.fresh(f"{base}Outputs")
        state = self._state(graph, base)
        lower = partial(lower_forward, graph, attributes, split, mixed=self._mixed(graph))
        lower = partial(lower, state=state)
        forward = lower(placeholder)
        key = (graph.name, tuple(modules), tuple(draws), forward)
        copy = self._copies.get(key)
        where, values = (copy.shared, copy.values) if copy else (key, ())
        if where in self._classes:
            self._builds[id(graph)] = Call(self._classes[where].name, values)
            return
        name = self._class_name(graph, base)
        self._builds[id(graph)] = Call(name, values)
        outputs_class = ""
        if forward.fields:
            outputs_class = self._names.fresh(f"{name}Outputs")
            forward = lower(outputs_class)
        parameters = ["self", *forward.parameters]
        plan = ClassPlan(
            name,
            tuple(docstring(self._doc(graph), 4)),
            tuple(definition("__init__", ["self"], "None", indent=4)),
            tuple(modules),
            tuple(draws),
            forward,
            tuple(definition("forward", parameters, forward.result, indent=4)),
            tuple(definition("logits", parameters, forward.result, indent=4))
            if forward.head
            else (),
            outputs_class,
            state,
        )
        if copy:
            plan = plan.sharing(copy)
        elif graph is not self._graph and not outputs_class:
            fixed = (*draws, *forward.parameters)
            self.written[key] = Written(graph, fixed, plan.doc, plan.modules, forward.lines)
        self._classes[where] = plan

    def _class_name(self, graph: Graph, base: str) -> str:
        """A name for a class; those of models of one name are numbered."""
        self._counted[graph.name] += 1
        number = self._counted[graph.name]
        return self._names.fresh(base if number == 1 else f"{base}_{number}")

    def _state(self, graph: Graph, name: str) -> StatePlan | None:
        """The state that the model carries from batch to batch, if it does."""
        if not graph.carried:
            return None
        own = self._stepping is not None and not self._itself
        kept = "Carried" if own else "State"  # its steps have a state, too
        return plan_state(graph, self._names.fresh(f"{name}{kept}"))

    def _mixed(self, graph: Graph) -> bool:
        """Whether a graph's outputs are made float32: those of the model are, not of ones in it."""
        return self._task.mixed and graph is self._graph

    def _doc(self, graph: Graph) -> str:
        """What the model is, unless the head of the file says it, and its shapes."""
        main = graph is self._graph
        terms = self._task.terms
        many = len(graph.carried)
        ports = graph.inputs[: len(graph.inputs) - many]
        inputs = ", ".join(_shown(value.name, value) for value in ports)
        given = graph.outputs[: len(graph.outputs) - many]
        outputs = [_shown(name, value) for name, value in given]
        if len(outputs) == 1 and graph.outputs[0][0] == "output":
            logits = any(t.from_logits and t.loss.name.endswith("crossentropy") for t in terms)
            name = "logits" if main and logits else ""
            outputs = [_shown(name, graph.outputs[0][1])]
        shapes = f"{inputs} -> {', '.join(outputs)}"
        return shapes if main or not graph.doc else f"{graph.doc}\n\n{shapes}"

    def _draws(self, part: Part) -> list[str]:
        owner = f"self.{part.module.name}"
        shared = self._shared.get(_recipe(part))
        if shared:
            return statement("", Call(shared, (Code(owner),)), indent=8)
        lines: list[str] = []
        for draw in part.draws:
            lines += draw_lines(draw, filled(draw.target, owner), 8)
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
                    yield Slot(name, module, word(part), stored.pieces)


def _imports(text: str, masks: MaskPlan, *, named: bool) -> Iterator[str]:
    """The import lines for the code of the classes."""
    typing = [*(["Any"] if "over_data(" in text else []), *(["NamedTuple"] if named else [])]
    if typing:
        yield f"from typing import {', '.join(typing)}"
        yield ""
    if "torch." in text:
        yield "import torch"
    yield "from torch import Tensor, nn"
    if "functional." in text:
        yield "from torch.nn import functional"
    if "over_data(" in text:
        unpack = ", pad_packed_sequence" if masks.every else ""
        yield f"from torch.nn.utils.rnn import pack_padded_sequence{unpack}"


def _shown(name: str, value: Value) -> str:
    note = shape_note(value)
    return f"{name} {note if isinstance(value.type, Tensor) else f'({note})'}".strip()
