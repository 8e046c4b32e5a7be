"""``seqspec summary``."""

from __future__ import annotations

import argparse

from seqspec import summary
from seqspec.cli import terminal
from seqspec.cli.compilation import checked_task


def run(options: argparse.Namespace) -> int:
    """Layers, shapes, counts; the JSON form is a contract."""
    _, task = checked_task(options)
    found = summary.of(task.graph, task.training)
    if options.format == "json":
        terminal.give_json(found.to_json())
    else:
        terminal.give(found.text())
    return 0
