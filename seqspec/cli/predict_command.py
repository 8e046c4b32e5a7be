"""``seqspec predict``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Predictions for every sample of a file, in original units."""
    from seqspec.running import prediction

    with reporting():
        made = prediction.predict(options.folder, options.data, options.output, options.device)
    shape = " x ".join(str(n) for n in made.shape)
    terminal.give(f"{made.path}: {shape} predictions")
    return 0
