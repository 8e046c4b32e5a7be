"""A source text and places in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open range ``[start, end)`` of character offsets in one source text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A ``.seq`` text with its name as the user typed it.

    Line and column are computed on demand: only diagnostics need them.
    """

    name: str
    text: str
    _line_starts: list[int] = field(default_factory=list, compare=False, repr=False)

    def _starts(self) -> list[int]:
        if not self._line_starts:
            self._line_starts.append(0)
            self._line_starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return self._line_starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        starts = self._starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its line break."""
        starts = self._starts()
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r")

    def excerpt(self, span: Span) -> str:
        """The text under a span."""
        return self.text[span.start : span.end]
