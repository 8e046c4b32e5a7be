"""From graphs to ``model.py``: one function for each model, written in Keras's functional style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.backends.copies import Copy, Written, with_copies
from seqspec.backends.keras.functions import Function, Steps
from seqspec.backends.keras.masking import Masks
from seqspec.backends.keras.repeats import Repeat
from seqspec.backends.keras.scope import RESERVED, function_name
from seqspec.backends.keras.settings import Bent, bent_activations
from seqspec.backends.keras.stepping import StepPlan, carried_units, plan_steps
from seqspec.backends.python_text import Call, Code, call, definition, literal
from seqspec.backends.state_names import paths, state_names
from seqspec.ir.carried import explicit
from seqspec.ir.graph import Graph, SubModel, Unit
from seqspec.ir.padding import padded_anywhere
from seqspec.ir.stepping import is_itself, stepping_of
from seqspec.ir.task import Task
from seqspec.shapes.dim import Shape


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What ``model.py`` holds: its functions as finished lines, sub-models first.

    ``several`` and ``axes`` tell whether its EachStep has to take several tensors, and several
    axes; ``front`` and ``behind`` are its slices of a shape, up to the steps and behind them.
    ``imports`` are those of the standard library; ``precision`` is what layers compute in, if that
    is not float32.
    """

    functions: tuple[tuple[str, ...], ...]
    repeats: tuple[Repeat, ...]
    activations: tuple[Bent, ...]
    each_step: bool
    several: bool
    axes: bool
    front: str
    behind: str
    imports: tuple[str, ...]
    precision: str
    reverse: bool
    lengths: bool
    attaches: bool
    weight: bool
    tied: bool
    renamed: bool
    state: tuple[str, ...]
    ops: bool
    steps: StepPlan | None


#: What functions that are the same have in common: the model's name, and their lines.
_Key = tuple[str, tuple[str, ...]]


def lower_model(task: Task) -> ModelPlan:
    """All of ``model.py``; models that differ in numbers only share a function."""

    def write(copies: Mapping[_Key, Copy]) -> tuple[ModelPlan, Mapping[_Key, Written]]:
        program = Program(copies)
        return program.plan(task), program.written

    return with_copies(write)


def _whole(copy: Copy) -> tuple[str, ...]:
    return (*copy.shared.doc, *copy.shared.open)


class Program:
    """Collects the functions of a program while graphs are lowered.

    ``written`` are those that might be one with another.
    """

    def __init__(self, copies: Mapping[_Key, Copy]) -> None:
        self.written: dict[_Key, Written] = {}
        self._copies = copies
        self._activations: Mapping[str, Bent] = {}
        self._builds: dict[tuple[Graph, Shape], Call] = {}
        self._names: dict[object, str] = {}
        self._functions: list[tuple[str, ...]] = []
        self.repeats: dict[str, Repeat] = {}
        self.steps = Steps()
        self.reverse = False
        self.classes: set[str] = set()
        self.ops = False
        self.lengths = False
        self.attaches = False
        self.anywhere: frozenset[Unit] = frozenset()
        self.carried: frozenset[Unit] = frozenset()

    def build(self, unit: SubModel, name: str, kept: Shape = ()) -> Call:
        """The call that builds a sub-model, whose function is written if it is new.

        ``kept`` are the axes that stand in the place of its batch.
        """
        build = self._function(unit.graph, kept)
        return call(build.function, *build.args, name=name)

    def note(self, masks: Masks) -> None:
        """Remembers what the masks of a function need of the program."""
        self.lengths |= masks.lengths
        self.attaches |= masks.attaches
        self.ops |= masks.uses_ops

    def repeat(self, wanted: Repeat) -> str:
        """The name of the layer that repeats for so many steps."""
        self.ops = True
        return self.repeats.setdefault(wanted.key, wanted.numbered(len(self.repeats))).name

    def _function(self, graph: Graph, kept: Shape) -> Call:
        """How a model is built, but for its name; its function is written if it is new."""
        if (graph, kept) in self._builds:
            return self._builds[graph, kept]
        reserved = ("name", *self._activations)
        body = tuple(Function(self, graph, Code("name"), None, reserved, kept).lines())
        # Models that differ in nothing (the same settings and sizes) share a function.
        key = (graph.name, body)
        copy = self._copies.get(key)
        where, values = (copy.shared, copy.values) if copy else (key, ())
        if where not in self._names:
            self._names[where] = self._function_name(graph)
            parameters = copy.shared.parameters if copy else ()
            head = definition(self._names[where], [*parameters, "name: str"], "keras.Model")
            self._functions.append((*head, *(_whole(copy) if copy else body)))
            if not copy:
                end = next(n for n, line in enumerate(body, 1) if line.endswith('"""'))
                self.written[key] = Written(graph, (), body[:end], body[end:], ())
        self._builds[graph, kept] = Call(self._names[where], values)
        return self._builds[graph, kept]

    def _function_name(self, graph: Graph) -> str:
        wanted = function_name(graph.name)
        name, number = wanted, 2
        while name in (*self._names.values(), *RESERVED):
            name, number = f"{wanted}_{number}", number + 1
        return name

    def plan(self, task: Task) -> ModelPlan:
        only = task.terms[0] if len(task.terms) == 1 else None
        entropy = only is not None and only.loss.name.endswith("crossentropy")
        logits = only.value if only is not None and entropy and only.from_logits else None
        self._activations = activations = bent_activations(task.graph)
        graph = explicit(task.graph)
        title, reserved, trained = literal(task.graph.name), tuple(activations), bool(task.terms)
        self.anywhere = padded_anywhere(task.graph)
        stepping = stepping_of(task, task.graph)
        if stepping is not None and is_itself(stepping, graph):
            stepping = None
        self.carried = carried_units(stepping)
        function = Function(self, graph, title, logits, reserved, trained=trained)
        precision = _precision(task)
        function.precise = bool(precision)
        decorator = ["@mixed_precision"] if precision else []
        body = tuple(function.lines())
        main = (*decorator, *definition("build_model", [], "keras.Model"), *body)
        steps = None if stepping is None else plan_steps(self, task.graph, stepping, reserved)
        made = activations or self.classes or self.repeats
        untyped = self.steps.used or bool(made) or self.lengths
        own = bool(self.classes - {"Renamed"})
        return ModelPlan(
            functions=(*self._functions, main),
            repeats=tuple(self.repeats.values()),
            activations=tuple(activations.values()),
            each_step=self.steps.used,
            several=self.steps.several,
            axes=self.steps.axes,
            front=": 1 + self.axes" if self.steps.axes else ":2",
            behind="1 + self.axes :" if self.steps.axes else "2:",
            imports=_imports(precision, untyped),
            precision=precision,
            reverse=self.reverse,
            lengths=self.lengths,
            attaches=self.attaches,
            weight="Weight" in self.classes,
            tied="TiedDense" in self.classes,
            renamed="Renamed" in self.classes,
            state=state_names(list(paths(graph))),
            ops=any((self.ops, self.steps.used, self.reverse, self.attaches, own)),
            steps=steps,
        )


def _precision(task: Task) -> str:
    """What layers compute in, if that is not float32."""
    said = "float32" if task.training is None else task.training.precision
    return "" if said == "float32" else said.removeprefix("mixed_")


def _imports(precision: str, untyped: bool) -> tuple[str, ...]:
    """What a program needs of the standard library."""
    decorator = ("from collections.abc import Callable", "from functools import wraps")
    return (*(decorator if precision else ()), *(("from typing import Any",) if untyped else ()))
