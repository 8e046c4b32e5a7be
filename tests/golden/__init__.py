"""Golden programs: what each spec compiles to, as whole folders to be read like a code review.

The specs are ``examples/*.seq`` and ``examples/rows/*.seq``; a case that is no example has its own
``model.seq`` here. ``python -m tests.golden`` rewrites the folders. Their programs hold no trained
numbers and no measured times: those differ between machines.
"""

from __future__ import annotations

from pathlib import Path

from seqspec.backends.base import BACKENDS
from seqspec.driver import Compilation

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent


def sources() -> dict[str, Path]:
    """Case -> its spec. Names are unique over all folders."""
    found: dict[str, Path] = {}
    for path in (
        *sorted((ROOT / "examples").glob("*.seq")),
        *sorted((ROOT / "examples" / "rows").glob("*.seq")),
    ):
        assert path.stem not in found, f"two specs are called {path.stem}"
        found[path.stem] = path
    for path in sorted(FOLDER.glob("*/model.seq")):
        assert path.parent.name not in found, f"{path.parent.name} is an example already"
        found[path.parent.name] = path
    return found


def programs(spec: Path) -> dict[str, str]:
    """``torch/model.py`` -> text, for every backend."""
    compilation = Compilation.of(spec)
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return {
        f"{backend}/{file.path}": file.text
        for backend in BACKENDS
        for file in compilation.files(backend)
    }


def kept(case: str) -> dict[str, str]:
    """The same, as it is in the folder."""
    return {
        path.relative_to(FOLDER / case).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((FOLDER / case).rglob("*"))
        if path.is_file() and path.name != "model.seq" and "__pycache__" not in path.parts
    }
