"""``run.py``: the command line of a program, the same for every backend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seqspec.backends.base import OutputFile
from seqspec.backends.python_text import docstring, literal
from seqspec.backends.render import render
from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The template's values; see ``templates/_shared/run.py.j2``."""

    doc: tuple[str, ...]
    environment: tuple[str, ...]
    scaled: bool
    scaling: str
    dataset_scaling: str
    description: str


def run_file(task: Task, environment: Iterable[tuple[str, str, str]]) -> OutputFile:
    """``run.py`` of a task that is trained.

    ``environment`` lists what is set before the framework is imported, unless the user has set
    it: name, value and the reason, which becomes a comment.
    """
    training = task.training
    assert training is not None, "a task without training has no commands"
    scaled = training.data.scale is not None
    usage = (
        f"{task.graph.name}: the command line.\n\n"
        "    python run.py train\n"
        "    python run.py evaluate --weights runs/.../best.safetensors\n"
        "    python run.py predict --weights runs/.../best.safetensors\n\n"
        "`-h` after a command lists its options."
    )
    plan = RunPlan(
        doc=tuple(docstring(usage)),
        environment=tuple(
            f"os.environ.setdefault({literal(name)}, {literal(value)})  # {why}"
            for name, value, why in environment
        ),
        scaled=scaled,
        scaling="scaling, " if scaled else "",
        dataset_scaling="dataset.scaling, " if scaled else "",
        description=literal(f"Trains and applies {task.graph.name}."),
    )
    return OutputFile("run.py", render("_shared/run.py.j2", plan=plan))
