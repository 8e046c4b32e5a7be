"""``seqspec train``."""

from __future__ import annotations

import argparse
import sys

from seqspec.cli import terminal
from seqspec.cli.backend import chosen
from seqspec.cli.compilation import checked_task, program
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Compile, train, evaluate; 130 if Ctrl-C ended it (the last checkpoint is kept)."""
    from seqspec.running import progress, training

    compilation, task = checked_task(options, training=True)
    assert task.training is not None
    backend = chosen(options.backend, needed=True)
    with reporting():
        result = training.train(
            task,
            program(compilation, backend),
            backend=backend,
            data=options.data or training.data_path(task, compilation.folder),
            beside=compilation.folder,
            reporter=progress.reporter(sys.stdout, options.epochs or task.training.epochs),
            run=options.folder,
            epochs=options.epochs,
            seed=options.seed,
            device=options.device,
            overfit_one_batch=options.overfit_one_batch,
            say=terminal.give,
        )
    terminal.give(result.text())
    return 130 if result.interrupted else 0
