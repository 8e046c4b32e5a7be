"""The plan of an input that is the target one step late, and of what is read besides the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec.backends.data_feeds import Feeds
from seqspec.backends.python_text import assign, literal
from seqspec.ir.task import Data, Task


@dataclass(frozen=True, slots=True)
class LatePlan:
    """The template's values; see ``templates/_shared/data/late.j2``.

    ``ragged`` sequences are moved in their own lengths; of others, padding stays where it is if
    ``padded`` tells it by an id.
    """

    constants: tuple[str, ...]
    ragged: bool
    padded: bool


def plan_late(data: Data, feeds: Feeds) -> LatePlan | None:
    """Decides how a target becomes an input; None if none does."""
    feed = next((feed for feed in feeds.inputs if feed.late), None)
    if feed is None or data.late is None:
        return None
    padded = feed.padded and not feed.ragged
    lines = assign("START", data.late.start, note="what the model is given first")
    lines += assign("PAD", int(feed.fill)) if padded else []
    return LatePlan(tuple(lines), feed.ragged, padded)


def counted(task: Task, feeds: Feeds) -> Iterator[str]:
    """The statements that check lengths, each against the array that it is of.

    What is written is not read before it is: those of the input that is fed back may be missing.
    """
    looped = ""
    if task.training is not None and task.generation is not None:
        (looped,) = task.training.data.inputs[task.generation.loop]
    for lengths, padded in feeds.counts:
        check = (
            f"check_lengths(arrays[{literal(lengths)}], arrays[{literal(padded)}].shape[1], path)"
        )
        if padded == looped:
            yield f"if {literal(lengths)} in arrays:"
            check = f"    {check}"
        yield check
