"""``seqspec generate``."""

from __future__ import annotations

import argparse

from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Sequences that a trained model writes."""
    from seqspec.running import generation

    with reporting():
        generation.generate(
            options.folder,
            options.input,
            options.data,
            options.limit,
            options.seed,
            options.device,
        )
    return 0
