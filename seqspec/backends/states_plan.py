"""``states.py``: the state of series in files, the same for both backends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.base import OutputFile
from seqspec.backends.carrying import plan_carrying
from seqspec.backends.python_text import assign, docstring, literal, mapping
from seqspec.backends.render import render
from seqspec.ir.carried import explicit
from seqspec.ir.task import Task

_DOC = """What {model} carries of each series, in files: a stream goes on where another one ended.

Either program reads what the other one wrote.
Compiled by seqspec {version} from the spec {spec}; yours to edit.
"""


@dataclass(frozen=True, slots=True)
class StatesPlan:
    """The template's values; see ``templates/_shared/states.py.j2``.

    ``parted`` tells that training cuts series into lanes, ``on`` that a column clears the state.
    """

    doc: tuple[str, ...]
    constants: tuple[str, ...]
    parted: bool
    on: bool


def states_file(task: Task) -> Iterator[OutputFile]:
    """``states.py`` of a task that is trained on streams; nothing of another."""
    training = task.training
    carrying = plan_carrying(training, task.graph) if training is not None else None
    if carrying is None:
        return
    doc = _DOC.format(model=task.graph.name, version=__version__, spec=task.spec_name)
    plan = StatesPlan(
        doc=tuple(docstring(doc)),
        constants=tuple(_constants(task)),
        parted=carrying.parted,
        on=carrying.marked,
    )
    yield OutputFile("states.py", render("_shared/states.py.j2", plan=plan))


def _constants(task: Task) -> Iterator[str]:
    said = [("format", "seqspec-carried"), ("format_version", "1"), ("model", task.graph.name)]
    yield from assign("FORMAT", mapping((literal(a), literal(b)) for a, b in said))
    widths = [
        (literal(f"state/{carry.path}/{part}"), shape[-1].value or 0)
        for carry in explicit(task.graph).carried
        for part, shape in carry.given.state.parts
    ]
    yield from assign("WIDTHS", mapping(widths), note="what is carried of a lane, and its width")
