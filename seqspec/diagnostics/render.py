"""Diagnostics as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable

from seqspec.diagnostics.model import Diagnostic, Severity
from seqspec.source import SourceFile, Span

_COLOURS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.NOTE: "36;1"}


def text(diagnostic: Diagnostic, source: SourceFile, *, colour: bool = False) -> str:
    """One diagnostic with the source lines it speaks of, underlined."""

    def paint(words: str, style: str) -> str:
        return f"\x1b[{style}m{words}\x1b[0m" if colour and words else words

    style = _COLOURS[diagnostic.severity]
    head = paint(f"{diagnostic.severity.value}[{diagnostic.code.number}]", style)
    lines = [f"{head} {diagnostic.code.name}: {paint(_visible(diagnostic.message), '1')}"]
    marks = [(label.span, label.text, False) for label in diagnostic.labels]
    if diagnostic.span is not None:
        marks.append((diagnostic.span, diagnostic.here, True))
        row, column = source.position(diagnostic.span.start)
        places = sorted({source.position(span.start)[0] for span, _, _ in marks})
        width = len(str(places[-1]))
        lines.append(f"{' ' * width}{paint('--> ', '34')}{source.name}:{row}:{column}")
        lines.append(f"{' ' * width} {paint('|', '34')}")
        last = 0
        for number in places:
            if last and number > last + 1:
                lines.append(f"{' ' * width}{paint('...', '34')}")
            last = number
            code = source.line(number)
            shown = _visible(code.replace("\t", " "))
            lines.append(f"{paint(f'{number:>{width}} |', '34')} {shown}".rstrip())
            for span, words, main in sorted(marks, key=lambda m: -m[0].start):
                if source.position(span.start)[0] != number:
                    continue
                start = source.position(span.start)[1] - 1
                length = max(1, min(span.end - span.start, len(code) - start))
                mark = ("^" if main else "-") * length
                note = f"{mark} {_visible(words)}".rstrip()
                shown_note = paint(note, style if main else "34")
                lines.append(f"{' ' * width} {paint('|', '34')} {' ' * start}{shown_note}")
    for i, line in enumerate(diagnostic.help.splitlines()):
        prefix = "  = help: " if i == 0 else "          "
        lines.append(prefix + _visible(line))
    return "\n".join(lines)


def _visible(words: str) -> str:
    """Text without characters that could drive a terminal."""
    return "".join(c if c == " " or c.isprintable() else repr(c)[1:-1] for c in words)


def as_json(diagnostic: Diagnostic, source: SourceFile) -> dict[str, object]:
    """One diagnostic as plain data. Lines and columns count from 1."""

    def place(span: Span) -> dict[str, object]:
        line, column = source.position(span.start)
        end_line, end_column = source.position(span.end)
        return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}

    fix = diagnostic.fix
    return {
        "code": diagnostic.code.number,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": source.name,
        "place": None if diagnostic.span is None else place(diagnostic.span),
        "here": diagnostic.here,
        "labels": [{"place": place(x.span), "text": x.text} for x in diagnostic.labels],
        "help": diagnostic.help,
        "fix": None if fix is None else {"place": place(fix.span), "text": fix.text},
    }


def tally(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``; notes are not counted."""
    found = list(diagnostics)
    parts: list[str] = []
    for severity in (Severity.ERROR, Severity.WARNING):
        count = sum(d.severity is severity for d in found)
        if count:
            parts.append(f"{count} {severity.value}{'s' if count > 1 else ''}")
    return ", ".join(parts)
