"""``seqspec verify``."""

from __future__ import annotations

import argparse
from functools import partial

from seqspec.cli import terminal
from seqspec.cli.backend import chosen
from seqspec.cli.compilation import checked_task, program
from seqspec.cli.running import reporting
from seqspec.diagnostics import codes


def run(options: argparse.Namespace) -> int:
    """Compare both programs (or the one that is installed) with the checker and each other."""
    from seqspec.running import verify

    compilation, task = checked_task(options)
    some = chosen(options.backend, needed=True)
    backends = None if options.backend is None else [some]
    with reporting():
        report = verify.verify(task, partial(program, compilation), backends)
    if options.format == "json":
        terminal.give_json(report.to_json())
    else:
        terminal.give(report.text())
    if not report.holds:
        raise terminal.fail(
            codes.PROGRAMS_DIFFER(what="the programs differ from what was checked"),
            "this is a bug in seqspec; please report it with the spec",
            code=70,
        )
    return 0
