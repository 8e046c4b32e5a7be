"""``seqspec forecast``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """What comes next in each series, or how well that would have been told before."""
    from seqspec.running import forecasting

    given = options.folder, options.data
    with reporting():
        if options.backtest:
            tested = forecasting.backtest(*given, options.steps, options.device)
            terminal.give(tested.text())
            return 0
        made = forecasting.forecast(
            *given, options.future, options.steps, options.output, options.device
        )
    terminal.give(f"{made.path}: {made.steps} steps ahead of {made.series} series")
    return 0
