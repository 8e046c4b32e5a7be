"""``seqspec new``."""

from __future__ import annotations

import argparse
from pathlib import Path

from seqspec import resources
from seqspec.cli import terminal
from seqspec.cli.folder import write_folder
from seqspec.diagnostics.suggest import did_you_mean


def run(options: argparse.Namespace) -> int:
    """Copy a template into a new folder, or list them all; 2 if there is none of that name."""
    known = resources.starters()
    name: str | None = options.template
    if name is None:
        width = max(map(len, known))
        lines = [f"{each.ljust(width)}  {_about(path)}" for each, path in known.items()]
        terminal.give("\n".join([*lines, "", "`seqspec new TEMPLATE [FOLDER]` copies one"]))
        return 0
    if name not in known:
        advice = did_you_mean(name, list(known)) or "`seqspec new` lists all templates"
        terminal.say(f"error: there is no template {name!r}; {advice}")
        return 2
    folder: Path = options.folder or Path(name)
    files = {path.name: path.read_bytes() for path in sorted(known[name].parent.iterdir())}
    write_folder(folder, files)
    terminal.give(f"{folder}: {', '.join(files)}")
    terminal.give(f"next: seqspec train {folder / known[name].name}")
    return 0


def _about(spec: Path) -> str:
    """The first sentence of the comment that a spec begins with."""
    first = spec.read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("#").strip()
