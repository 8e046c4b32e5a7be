"""The plan of what targets may be in ``data.py``, beside ids: numbers that their loss can take."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.python_text import Call, Code, Group, literal, statement
from seqspec.ir.task import Training


@dataclass(frozen=True, slots=True)
class RangesPlan:
    """The template's values: ``lines`` of ``load``, and which functions they call."""

    lines: tuple[str, ...]
    sums: bool

    @property
    def used(self) -> bool:
        """Whether any loss takes some numbers only."""
        return bool(self.lines)


def plan_ranges(feeds: Feeds, training: Training) -> RangesPlan:
    """Decides what is checked of the targets before a training."""
    lines: list[str] = []
    sums = False
    for term, feed in zip(training.terms, feeds.targets, strict=True):
        low, high = term.loss.entry.facts["range"]
        padded = term.value.mask is not None and not feed.ragged
        if low is None or padded:  # anything may stand where nothing counts
            continue
        limits = (low, high) if high is not None else (low,)
        rows = (Code("columns[ROW]"),) if _arranged(training) else ()
        for name in feed.names:
            lines += _line("check_range", _values(feed, name), name, *limits, rows=rows)
        if term.loss.entry.facts["sums"]:
            sums = True
            values = [Code(_values(feed, name)) for name in feed.names]
            whole = Group("[", tuple(values)) if training.data.tabular else values[0]
            lines += _line("check_sums", whole, ", ".join(feed.names), rows=rows)
    return RangesPlan(tuple(lines), sums)


def _arranged(training: Training) -> bool:
    return training.data.tabular and bool(training.data.series or training.data.order)


def _values(feed: Feed, name: str) -> Code:
    return Code(f"columns[{literal(name)}]" + (".values" if feed.ragged else ""))


def _line(function: str, *given: Code | Group | str | float, rows: tuple[Code, ...]) -> list[str]:
    keywords = tuple(("rows", row) for row in rows)
    return statement("", Call(function, given, keywords), indent=4)
