"""``seqspec layers``."""

from __future__ import annotations

import argparse

from seqspec import reference
from seqspec.cli import terminal


def run(options: argparse.Namespace) -> int:
    """The list of layers, or the description of one word; 2 if there is no such word."""
    name: str | None = options.name
    found = list(reference.words()) if name is None else reference.find(name)
    if name is not None and not found:
        advice = reference.suggestion(name) or "`seqspec layers` lists all layers"
        terminal.say(f"error: nothing is called {name!r}; {advice}")
        return 2
    if options.format == "json":
        terminal.give_json([reference.as_json(word) for word in found])
    elif options.name is None:
        terminal.give(reference.overview())
    else:
        terminal.give("\n\n".join(reference.text(word) for word in found))
    return 0
