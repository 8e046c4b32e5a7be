"""Brackets and comments of a text, found without parsing it.

When a bracket is missing, a parser can only say where it gave up, often far below. Matching
brackets first finds the opening one that nobody closed, and the line where it should have been.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from seqspec.source import SourceFile, Span

_LEXEME = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|[()\[\]{}]')
_DECLARATION = re.compile(
    r"^(?:(?:model|encoder|decoder|param)\s+[A-Za-z_]|[A-Za-z_]\w*(?:\s+[A-Za-z_]\w*)?\s*\{)", re.M
)
_STATEMENT = re.compile(
    r"^[ \t]*(?:[A-Za-z_]\w*\s*(?::[^=\n]*)?=(?!=)|[A-Za-z_][\w.()]*\s*->)", re.M
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A bracket without a partner.

    ``opening`` is None for a closing bracket that nothing opened; otherwise ``at`` is the place
    where ``expected`` should have stood, and ``wrong`` the offset of the bracket ``found`` instead.
    """

    opening: Span | None
    at: Span
    expected: str
    found: str
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan of the text found; ``damaged`` are the declarations with a bad bracket."""

    comments: tuple[Span, ...]
    mismatches: tuple[Mismatch, ...]
    damaged: tuple[Span, ...]


def scan(source: SourceFile) -> Scan:
    """Match brackets declaration by declaration, so one mistake does not reach the next."""
    text = source.text
    comments = [
        Span(m.start(), m.end()) for m in _LEXEME.finditer(text) if m.group().startswith("#")
    ]
    mismatches: list[Mismatch] = []
    damaged: list[Span] = []
    for declaration in declarations(source):
        found = _match(text, declaration)
        if found:
            mismatches.extend(found)
            damaged.append(declaration)
    return Scan(tuple(comments), tuple(mismatches), tuple(damaged))


def declarations(source: SourceFile) -> list[Span]:
    """The file cut where a line begins a declaration: at column 1, outside brackets or not."""
    starts = [m.start() for m in _DECLARATION.finditer(source.text)]
    bounds = [0, *(s for s in starts if s > 0), len(source.text)]
    return [Span(a, b) for a, b in pairwise(bounds) if a < b]


def _match(text: str, region: Span) -> list[Mismatch]:
    stack: list[tuple[str, int]] = []
    found: list[Mismatch] = []
    for m in _LEXEME.finditer(text, region.start, region.end):
        mark = m.group()
        if mark in _CLOSING:
            stack.append((mark, m.start()))
        elif mark in ")]}":
            opening, position = stack[-1] if stack else ("", 0)
            if opening and _CLOSING[opening] == mark:
                stack.pop()
            elif not opening or (opening == "{" and len(stack) == 1):
                # Braces stand around bodies only; what follows on the line hangs on the first.
                last = found[-1].at.end if found else -1
                if last < 0 or "\n" in text[last : m.start()]:
                    found.append(Mismatch(None, Span(m.start(), m.end()), "", mark))
            else:
                found.append(_unclosed(text, opening, position, m.start(), mark))
                return found
    if stack:
        opening, position = stack[-1]
        found.append(_unclosed(text, opening, position, region.end, ""))
    return found


def _unclosed(text: str, opening: str, position: int, limit: int, found: str) -> Mismatch:
    """Say where a bracket should have closed: before the next statement, else before ``limit``."""
    end = limit
    if opening != "{":
        following = _STATEMENT.search(text, text.find("\n", position, limit) + 1 or limit, limit)
        if following is not None:
            end = following.start()
    stop = position + 1
    for line_end in _line_ends(text, position, end):
        stop = max(stop, _without_comment(text, line_end))
    if opening != "{":
        # The innermost arrow after the bracket is where the call most likely ended.
        arrow = text.find("->", position, stop)
        if arrow > 0:
            stop = len(text[:arrow].rstrip())
    opened = Span(position, position + 1)
    at = Span(max(stop - 1, position), max(stop, position + 1))
    return Mismatch(opened, at, _CLOSING[opening], found, limit)


def _line_ends(text: str, start: int, end: int) -> list[int]:
    ends = [i for i in range(start, end) if text[i] == "\n"]
    return [*ends, end]


def _without_comment(text: str, line_end: int) -> int:
    """The offset after the last character of code on a line; 0 for a line without any."""
    start = text.rfind("\n", 0, line_end) + 1
    line = text[start:line_end]
    marks = [m.start() for m in _LEXEME.finditer(line) if m.group().startswith("#")]
    code = line[: marks[0]] if marks else line
    return start + len(code.rstrip()) if code.strip() else 0


def token_before(text: str, position: int) -> Span | None:
    """The last token before a position that is no comment."""
    found = [m for m in _TOKEN.finditer(text, 0, position) if m.group()[0] not in "#\n"]
    return Span(found[-1].start(), found[-1].end()) if found else None


def statement_around(text: str, regions: list[Span], position: int) -> Span:
    """The statement that holds a position; the whole declaration if it is none of its body.

    A statement begins on a line of its own, directly inside the braces, with a name; lines that
    begin otherwise continue it.
    """
    region = next((r for r in regions if r.start <= position < r.end), regions[-1])
    starts: list[int] = []
    depth = 0
    brace = close = -1
    line_start = True
    for m in _TOKEN.finditer(text, region.start, region.end):
        mark = m.group()
        if mark == "\n":
            line_start = True
            continue
        if depth == 1 and line_start and re.match(r"[A-Za-z_]", mark):
            starts.append(m.start())
        line_start = False
        if mark in _CLOSING:
            depth += 1
            brace = m.start() if mark == "{" and brace < 0 else brace
        elif mark in ")]}":
            depth -= 1
            close = m.start() if depth == 0 and mark == "}" else close
    inside = [s for s in starts if s <= position]
    if brace < 0 or position <= brace or (0 <= close <= position) or not inside:
        return region
    following = next((s for s in starts if s > position), close if close >= 0 else region.end)
    return Span(inside[-1], following)


_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|[A-Za-z_]\w*|\n|[^\s]')
