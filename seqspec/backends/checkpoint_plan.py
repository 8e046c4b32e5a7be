"""``checkpoint.py``: the files that a training goes on from, the same for every backend."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.base import OutputFile
from seqspec.backends.carrying import plan_carrying
from seqspec.backends.python_text import docstring, literal
from seqspec.backends.render import render
from seqspec.ir.task import Task

_DOC = """{model}: checkpoints, from which a training goes on as if it had never stopped.

checkpoint-N.safetensors in the folder of a run holds all that the epochs after epoch N depend on.
What it speaks of, weights and metrics, is on the disk before it; it appears whole or not at all;
it is checked when it is read; the one before is kept.
"""


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """The template's values; see ``templates/_shared/checkpoint.py.j2``.

    ``streams`` says that parts of the data are read by chunks, ``size`` how many lanes of one.
    """

    doc: tuple[str, ...]
    backend: str
    precision: str
    streams: bool
    size: str


def checkpoint_file(task: Task, backend: str) -> OutputFile:
    """``checkpoint.py`` of a task that is trained."""
    training = task.training
    assert training is not None, "a task without training has no checkpoints"
    carrying = plan_carrying(training, task.graph)
    plan = CheckpointPlan(
        doc=tuple(docstring(_DOC.format(model=task.graph.name))),
        backend=literal(backend),
        precision=literal(training.precision),
        streams=carrying is not None,
        size=", 64" if carrying is not None and carrying.size else "",
    )
    return OutputFile("checkpoint.py", render("_shared/checkpoint.py.j2", plan=plan))
