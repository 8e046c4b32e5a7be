"""``seqspec train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from seqspec.cli import terminal
from seqspec.cli.backend import chosen
from seqspec.cli.compilation import checked_task, program
from seqspec.cli.running import reporting


def run(options: argparse.Namespace) -> int:
    """Compile, train, evaluate; 130 if Ctrl-C ended it (the last weights are kept)."""
    if options.resume is not None:
        return _resume(options)
    if options.spec is None:
        terminal.say("seqspec train: error: name a SPEC, or a run to go on with: --resume RUN")
        return 2
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
            device="cpu" if options.device is None else options.device,
            overfit_one_batch=options.overfit_one_batch,
            say=terminal.give,
        )
    terminal.give(result.text())
    return 130 if result.interrupted else 0


def _resume(options: argparse.Namespace) -> int:
    """Go on with a run; the spec, if named, has to be the one that it was begun with."""
    from seqspec.running import progress, training
    from seqspec.running.history import Record
    from seqspec.running.run_folder import RunFolder

    with reporting():
        folder = RunFolder(options.resume)
        begun = folder.describe()
        wanted = training.Wanted(
            backend=options.backend,
            data=options.data,
            epochs=options.epochs,
            seed=options.seed,
            device=options.device,
            overfit_one_batch=options.overfit_one_batch or None,
            beside=Path() if options.spec is None else options.spec.parent,
        )
        if options.spec is None:
            options.spec = folder.spec
            options.set = options.set or list(begun.overrides.items())
            options.model = options.model or begun.model
        options.data = options.data or Path(begun.data)
        _, task = checked_task(options, training=True)

        def reporter(epochs: int, before: Sequence[Record]) -> progress.Reporter:
            after = f"goes on after epoch {len(before)}" if before else "begins anew"
            terminal.say(f"{folder.path} {after}")
            return progress.reporter(sys.stdout, epochs, before)

        result = training.resume(task, folder.path, wanted, reporter=reporter)
    if result is None:
        terminal.give(f"{folder.path} is finished: no epoch is left")
        return 0
    terminal.give(result.text())
    return 130 if result.interrupted else 0
