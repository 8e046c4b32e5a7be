"""``seqspec predict``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Predictions for every sample of a file, in original units."""
    from seqspec.running import prediction

    with reporting():
        carried = prediction.Carried(options.carried, options.state_in, options.state_out)
        given = options.folder, options.data, options.output, options.device
        made = prediction.predict(*given, carried)
    shapes = " and ".join(" x ".join(str(n) for n in shape) for shape in made.shapes)
    terminal.give(f"{made.path}: {shapes} predictions")
    return 0
