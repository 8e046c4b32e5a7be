"""Slices as Python writes them, in both frameworks alike."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.backends.python_text import Code
from seqspec.vocabulary.forms import Cut, Entry, Place, Rest


def sliced(value: str, index: Sequence[Entry]) -> Code:
    """``value[:, -1]``"""
    return Code(f"{value}[{', '.join(map(_entry, index))}]")


def _entry(entry: Entry) -> str:
    if isinstance(entry, Rest):
        return "..."
    if not isinstance(entry, Cut):
        return str(entry)
    step = "" if entry.step in (None, 1) else f":{entry.step}"
    return f"{_end(entry.start)}:{_end(entry.stop)}{step}"


def _end(place: Place | None) -> str:
    return "" if place is None else str(place)
