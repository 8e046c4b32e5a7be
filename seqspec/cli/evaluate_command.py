"""``seqspec evaluate``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Scores of the best weights on the held-out part, in original units."""
    from seqspec.running import evaluation

    with reporting():
        scores = evaluation.evaluate(options.folder, options.data, options.device)
    if options.format == "json":
        terminal.give_json(scores.to_json())
    else:
        terminal.give(scores.text())
    return 0
