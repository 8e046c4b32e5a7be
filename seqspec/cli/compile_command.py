"""``seqspec compile``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.backend import chosen
from seqspec.cli.compilation import checked_task, program
from seqspec.cli.folder import write_program


def run(options: argparse.Namespace) -> int:
    """Write the program into a new or empty folder, all of it or nothing."""
    compilation, _ = checked_task(options)
    backend = chosen(options.backend, needed=False)
    files = program(compilation, backend)
    write_program(options.output, files)
    names = ", ".join(f.path for f in files)
    terminal.give(f"{options.output}: {names}")
    return 0
