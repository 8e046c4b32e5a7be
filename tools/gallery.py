"""Write what ``seqspec check`` says into the documents: ``python -m tools.gallery``.

A ``text`` block after a ``seq`` block is what the checker prints about it; ``csv name=FILE`` blocks
between the two are its data. A ``python`` block under ``<!-- program torch -->`` is the model that
the document's first spec compiles to. ``docs/gallery.md`` is written as a whole, from the wrong
twins in ``tests/twins``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from seqspec.diagnostics.render import text as as_text
from seqspec.driver import Compilation
from tests.twins import Twin, message, twins

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gallery.md"
DOCUMENTS = (ROOT / "README.md",)
# Lines that are no fence.
_LINES = r"(?:(?!```).*\n)*"
_EXAMPLE = re.compile(
    rf"^```seq\n(?P<spec>{_LINES})```\n\n"
    rf"(?P<data>(?:```csv name=\S+\n{_LINES}```\n\n)*)"
    rf"```text\n(?P<said>{_LINES})```$",
    re.MULTILINE,
)
_PROGRAM = re.compile(rf"^<!-- program (?P<backend>\w+) -->\n```python\n{_LINES}```$", re.MULTILINE)
_SPEC = re.compile(rf"^```seq\n({_LINES})```$", re.MULTILINE)
# The part of model.py that a document shows, for each backend.
_HEART = {
    "torch": re.compile(
        r"^class \w+\(nn\.Module\):\n(?:.*\n)*?(?=\n    def reset_parameters)", re.MULTILINE
    ),
    "keras": re.compile(r"^def build_model\(\)(?:.*\n)*", re.MULTILINE),
}
_FILE = re.compile(rf"^```csv name=(\S+)\n({_LINES})```$", re.MULTILINE)


@contextmanager
def folder_with(files: Mapping[str, str], scripts: Sequence[str] = ()) -> Iterator[None]:
    """Run in a temporary folder that holds some files, and what the scripts make."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        for file, text in files.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        for script in scripts:
            subprocess.run([sys.executable, "-c", script], cwd=name, check=True)
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(home)


def said(files: Mapping[str, str], scripts: Sequence[str] = ()) -> str:
    """What the checker says about ``spec.seq`` among some files."""
    with folder_with(files, scripts):
        compilation = Compilation.of(Path("spec.seq"))
        shown = [as_text(d, compilation.source) for d in compilation.check()]
    return "\n\n".join(shown) + "\n"


def refreshed(document: str) -> str:
    """A document with its messages and programs as they are today."""

    def put(match: re.Match[str]) -> str:
        files = dict(_FILE.findall(match["data"]))
        message = said({**files, "spec.seq": match["spec"]})
        return f"```seq\n{match['spec']}```\n\n{match['data']}```text\n{message}```"

    def show(match: re.Match[str]) -> str:
        backend = match["backend"]
        compilation = Compilation.of_text(_SPEC.findall(document)[0])
        (model,) = (f.text for f in compilation.files(backend) if f.path == "model.py")
        heart = _HEART[backend].search(model)
        assert heart is not None, f"model.py of {backend} has changed its form"
        return f"<!-- program {backend} -->\n```python\n{heart.group().rstrip()}\n```"

    return _PROGRAM.sub(show, _EXAMPLE.sub(put, document))


_HEAD = """\
# A gallery of wrong twins

<!-- Written by `python -m tools.gallery` from tests/twins. -->

Each spec here is right but for one mistake, of the kind that people make with sequence models.
Below it stands what `seqspec check` says, and the edit that puts it right. Their data files lie in
[tests/twins/data](../tests/twins/data); tests compare each message and check each edit.
"""
_ROWS = {
    "L1": "Options of recurrent layers",
    "L3": "Padding",
    "L6": "Slices, arithmetic, copies, shared weights",
    "R1": "One series",
    "R2": "Several features a step",
    "R3": "Many to one",
    "R4": "Many to many",
    "R5": "One to many",
    "R6": "One to many by feeding back",
    "R7": "Forecasts in a closed loop",
    "R8": "Unknown lengths",
    "R9": "Known lengths",
    "R10": "A head at each step",
    "R11": "Autoencoders",
    "R12": "Stacks",
    "R13": "Class ids for each step",
    "S1": "Carried state",
    "S2": "Long series in chunks",
    "S3": "Parallel streams",
    "S4": "State is data",
    "S5": "States",
    "S6": "Encoder and decoder",
    "S7": "Step by step",
    "T1": "Images as sequences",
    "T2": "Several inputs and outputs",
}


def page() -> str:
    """The gallery as it is today."""
    parts = [_HEAD]
    row = ""
    for twin in twins().values():
        if twin.row != row:
            row = twin.row
            parts.append(f"## {_ROWS[row]}\n")
        parts.append(_exhibit(twin))
    return "\n".join(parts)


def _exhibit(twin: Twin) -> str:
    edits = "\n".join(
        f"- {wrong}\n+ {right}" if right else f"- {wrong}" for wrong, right in twin.edits
    )
    return (
        f"### {twin.title}\n\n{twin.why}\n\n```seq\n{twin.spec.strip()}\n```\n\n"
        f"```text\n{message(twin)}```\n\n```diff\n{edits}\n```\n"
    )


def main() -> None:
    """Refresh all documents."""
    PAGE.write_text(page(), encoding="utf-8")
    for path in DOCUMENTS:
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
