"""From options to a compilation, and what every command that reads a spec does about mistakes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seqspec.cli import terminal
from seqspec.driver import Compilation, Options
from seqspec.ir.task import Task

if TYPE_CHECKING:
    from seqspec.backends.base import OutputFile


def open_spec(options: argparse.Namespace) -> Compilation:
    """The compilation that the options ask for, not yet looked at."""
    data: Path | None = getattr(options, "data", None)
    precision: str | None = getattr(options, "precision", None)
    data = data.absolute() if data else None
    return Compilation.of(options.spec, Options(dict(options.set), options.model, data, precision))


def program(compilation: Compilation, backend: str) -> tuple[OutputFile, ...]:
    """The program of a task for a backend; says what the backend cannot express and stops."""
    from seqspec.diagnostics import codes

    files = compilation.files(backend)
    if not files:
        refused = (d for d in compilation.diagnostics if d.code is codes.UNSUPPORTED)
        terminal.show(refused, compilation.source)
        raise terminal.Stop(1)
    return files


def checked_task(
    options: argparse.Namespace, *, training: bool = False
) -> tuple[Compilation, Task]:
    """The task of a spec without errors; says what is wrong and stops otherwise."""
    from seqspec.diagnostics import codes

    compilation = open_spec(options)
    task = compilation.task
    training = training or getattr(options, "precision", None) is not None
    if training and task is not None and task.training is None:
        compilation.sink.report(
            codes.NO_TRAINING(model=task.graph.name),
            task.graph.span,
            help=f"write `train {task.graph.name} {{ data = …, loss = … }}`",
        )
    found = compilation.diagnostics
    terminal.show(found, compilation.source)
    if task is None or terminal.failing(found, options.strict):
        raise terminal.Stop(1)
    return compilation, task
