"""How a training gives a model some of the tokens that it says itself: scheduled sampling."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.generation_inputs import Inputs
from seqspec.backends.python_text import assign
from seqspec.ir.stepping import Stepping
from seqspec.ir.task import Task, Training


@dataclass(frozen=True, slots=True)
class ForcingPlan:
    """The template's values; see ``forcing.j2`` of each backend.

    ``looped`` is the place of the input that is fed back, ``first`` those of what is read once,
    ``beside`` those of what comes step by step. Padding stays if ``padded``: it is an id.
    """

    constants: tuple[str, ...]
    looped: int
    first: tuple[int, ...]
    beside: tuple[int, ...]
    begins: bool
    padded: bool
    output: str
    #: what a backend says of it: how it begins, a step, and what comes out
    begun: tuple[str, ...] = ()
    stepped: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()


def plan_forcing(task: Task, training: Training, stepping: Stepping | None) -> ForcingPlan | None:
    """Decides how right tokens are left out; None if none are."""
    if training.teacher_forcing == 1 or stepping is None or task.generation is None:
        return None
    inputs = Inputs(task, stepping)
    names = [value.name for value in task.graph.inputs]
    pad = stepping.looped.tensor.pad
    note = "probability with which a token that is read is the right one"
    lines = assign("TEACHER_FORCING", training.teacher_forcing, note=note)
    padded = isinstance(pad, int | float)
    lines += assign("PAD", int(pad)) if isinstance(pad, int | float) else []
    first, count = inputs.places[: len(inputs.first)], len(inputs.first) + len(inputs.beside)
    return ForcingPlan(
        constants=tuple(lines),
        looped=names.index(task.generation.loop),
        first=tuple(first),
        beside=tuple(inputs.places[len(first) : count]),
        begins=False,
        padded=padded,
        output=stepping.step.outputs[0][0],
    )
