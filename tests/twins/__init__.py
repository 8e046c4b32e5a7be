"""Wrong twins: right specs with exactly one mistake that people make, and what is said about it.

``NAME.seq`` begins with a comment: a title, why it is a mistake, and ``# wrong:`` / ``# right:``
pairs, the edits that put it right. ``NAME.txt`` is the message, exactly as it is printed. ``python
-m tests.twins`` rewrites the messages; read the diff as their reader would.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from seqspec.diagnostics import render
from seqspec.diagnostics.model import Diagnostic
from seqspec.driver import Compilation, Options
from seqspec.source import SourceFile

FOLDER = Path(__file__).parent
_PAIR = re.compile(r"^# wrong: (.*)\n# right: ?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Twin:
    """One twin. ``spec`` is the text without its head; ``edits`` put it right."""

    name: str
    title: str
    why: str
    edits: tuple[tuple[str, str], ...]
    text: str
    spec: str

    @property
    def row(self) -> str:
        """The requirement that it belongs to: ``R10``."""
        return self.name.split("_")[0].upper()

    def righted(self) -> str:
        """The spec after the edits of its head."""
        spec = self.spec
        for wrong, right in self.edits:
            assert spec.count(wrong) == 1, (
                f"{self.name}: {wrong!r} stands {spec.count(wrong)} times"
            )
            spec = spec.replace(wrong, right)
        return spec


def twins() -> dict[str, Twin]:
    """All twins by name, in the order of the requirements."""

    def order(path: Path) -> tuple[str, int, str]:
        row, _, slug = path.stem.partition("_")
        return row[0], int(row[1:]), slug

    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.seq"), key=order)}


def _read(path: Path) -> Twin:
    text = path.read_text(encoding="utf-8")
    head, _, spec = text.partition("\n\n")
    lines = [line.removeprefix("#").strip() for line in head.splitlines()]
    why = [x for x in lines[1:] if not x.startswith(("wrong:", "right:"))]
    return Twin(path.stem, lines[0], "\n".join(why).strip(), tuple(_PAIR.findall(head)), text, spec)


def found(spec: str, name: str = "spec.seq") -> tuple[tuple[Diagnostic, ...], SourceFile]:
    """What the checker finds in a text that stands in this folder."""
    source = SourceFile(name, spec)
    compilation = Compilation(source, FOLDER, Options())
    return compilation.check(), source


def message(twin: Twin) -> str:
    """What is printed about a twin's spec."""
    diagnostics, source = found(twin.spec)
    return "\n\n".join(render.text(d, source) for d in diagnostics) + "\n"


def fixed(diagnostic: Diagnostic, spec: str) -> str:
    """A spec after the edit that a diagnostic offers."""
    assert diagnostic.fix is not None
    span = diagnostic.fix.span
    return spec[: span.start] + diagnostic.fix.text + spec[span.end :]
