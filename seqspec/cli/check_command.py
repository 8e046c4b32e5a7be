"""``seqspec check``."""

from __future__ import annotations

import argparse

from seqspec.cli import terminal
from seqspec.cli.compilation import open_spec
from seqspec.diagnostics import render


def run(options: argparse.Namespace) -> int:
    """Say everything that is wrong; 0 if nothing is."""
    compilation = open_spec(options)
    found = compilation.check()
    failed = terminal.failing(found, options.strict)
    if options.format == "json":
        terminal.give_json(
            {
                "file": compilation.source.name,
                "ok": not failed,
                "diagnostics": [render.as_json(d, compilation.source) for d in found],
            }
        )
        return int(failed)
    terminal.show(found, compilation.source)
    if not failed and not render.tally(found):
        assert compilation.program is not None
        count = len(compilation.program.models)
        models = f"{count} model{'s' if count > 1 else ''}"
        terminal.give(f"{compilation.source.name}: {models}, nothing wrong")
    return int(failed)
