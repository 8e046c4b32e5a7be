"""Talking to the user: where text goes and whether it is coloured."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from seqspec.diagnostics import render
from seqspec.diagnostics.model import Diagnostic, Finding, Severity
from seqspec.source import SourceFile


class Stop(Exception):
    """Ends a command with an exit code, everything having been said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def say(text: str) -> None:
    """A line to people: standard error, so that output stays clean for pipes."""
    print(text, file=sys.stderr)


def give(text: str) -> None:
    """A line of the command's result: standard output."""
    print(text)


def give_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def coloured(stream: TextIO) -> bool:
    """Whether a stream takes colours: NO_COLOR and FORCE_COLOR decide, else the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def show(diagnostics: Iterable[Diagnostic], source: SourceFile) -> None:
    """Diagnostics as text, with a tally."""
    found = list(diagnostics)
    colour = coloured(sys.stderr)
    for diagnostic in found:
        say(render.text(diagnostic, source, colour=colour) + "\n")
    total = render.tally(found)
    if total:
        say(f"{source.name}: {total}")
        first = next((d for d in found if d.severity is not Severity.NOTE), None)
        if first is not None:
            say(f"`seqspec explain {first.code.number}` says more")


def fail(finding: Finding, help: str = "", code: int = 1) -> Stop:
    """An error that no place in a spec is to blame for. Raise what this returns."""
    source = SourceFile("", "")
    diagnostic = Diagnostic(finding.code, finding.message, None, help=help)
    say(render.text(diagnostic, source, colour=coloured(sys.stderr)))
    return Stop(code)


def failing(diagnostics: Iterable[Diagnostic], strict: bool) -> bool:
    """Whether these diagnostics fail a command."""
    fatal = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return any(d.severity in fatal for d in diagnostics)
