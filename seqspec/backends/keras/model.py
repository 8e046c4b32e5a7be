"""From graphs to ``model.py``: one function for each model, written in Keras's functional style."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.keras.functions import Function, Repeat
from seqspec.backends.keras.scope import RESERVED, function_name
from seqspec.backends.python_text import Call, Code, call, definition, docstring, literal
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What ``model.py`` holds: its functions as finished lines, sub-models first."""

    functions: tuple[tuple[str, ...], ...]
    repeats: tuple[Repeat, ...]
    each_step: bool
    each_steps: bool
    reverse: bool
    ops: bool


class Program:
    """Collects the functions of a program while graphs are lowered."""

    def __init__(self) -> None:
        self._names: dict[Graph, str] = {}
        self._bodies: dict[str, tuple[str, ...]] = {}
        self._functions: list[tuple[str, ...]] = []
        self.repeats: dict[str, Repeat] = {}
        self.each_step = False
        self.each_steps = False
        self.reverse = False
        self.ops = False

    def build(self, unit: SubModel) -> Call:
        """The call that builds a sub-model, whose function is written if it is new."""
        return call(self._function(unit.graph), name=unit.name)

    def repeat(self, wanted: Repeat) -> str:
        """The name of the layer that repeats for so many steps."""
        self.ops = True
        return self.repeats.setdefault(wanted.key, wanted.numbered(len(self.repeats))).name

    def _function(self, graph: Graph) -> str:
        if graph in self._names:
            return self._names[graph]
        body = tuple(Function(self, graph, Code("name"), None, ("name",)).lines())
        # Models that differ in nothing (the same settings and sizes) share a function.
        wanted = function_name(graph.name)
        name, number = wanted, 2
        while self._bodies.get(name, body) != body or name in RESERVED:
            name, number = f"{wanted}_{number}", number + 1
        self._names[graph] = name
        if name not in self._bodies:
            self._bodies[name] = body
            self._functions.append((*definition(name, ["name: str"], "keras.Model"), *body))
        return name

    def plan(self, task: Task) -> ModelPlan:
        logits = task.output[1] if task.training and task.training.from_logits else None
        body = Function(self, task.graph, literal(task.graph.name), logits).lines()
        main = (*definition("build_model", [], "keras.Model"), *body)
        return ModelPlan(
            functions=(*self._functions, main),
            repeats=tuple(self.repeats.values()),
            each_step=self.each_step and not self.each_steps,
            each_steps=self.each_steps,
            reverse=self.reverse,
            ops=self.ops or self.each_step or self.each_steps or self.reverse,
        )


def about(task: Task) -> list[str]:
    """The docstring of ``model.py``: what the model is, and the spec's text of it."""
    graph = task.graph
    title = f"{graph.name}: {graph.doc}" if graph.doc else f"{graph.name}."
    spans = dict.fromkeys(g.span for g in _graphs(graph))
    texts = (task.spec_text[span.start : span.end].strip() for span in sorted(spans))
    spec = (textwrap.indent(text, "    ") for text in texts)
    settings = "\n".join(f"With {name} = {value}." for name, value in task.overrides.items())
    origin = (
        f"Compiled from {task.spec_name} by seqspec {__version__}.\n"
        "Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit."
    )
    return docstring("\n\n".join(part for part in (title, *spec, settings, origin) if part))


def _graphs(graph: Graph) -> Iterator[Graph]:
    """A graph and those of its sub-models."""
    yield graph
    for unit in graph.units:
        if isinstance(unit, SubModel):
            yield from _graphs(unit.graph)
