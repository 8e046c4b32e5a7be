"""``seqspec explain``."""

from __future__ import annotations

import argparse

from seqspec import resources
from seqspec.cli import terminal
from seqspec.diagnostics import codes
from seqspec.diagnostics.suggest import did_you_mean


def run(options: argparse.Namespace) -> int:
    """The page of a code; 2 if there is none."""
    code = codes.find(options.code)
    page = None if code is None else resources.page(code.number)
    if page is None:
        known = [*codes.CATALOGUE, *(c.name for c in codes.CATALOGUE.values())]
        advice = did_you_mean(options.code, known) or "codes look like SEQ402"
        terminal.say(f"error: there is no code {options.code!r}; {advice}")
        return 2
    terminal.give(page.rstrip())
    return 0
