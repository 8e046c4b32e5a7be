"""docs/reference/ is what the declarations say today, and the documents' links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seqspec.diagnostics.model import Severity
from seqspec.driver import Compilation
from tools import gallery, reference

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]


@pytest.mark.parametrize("name", reference.PAGES)
def test_reference_is_fresh(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name]().rstrip() + "\n", "run `make docs`"


def test_reference_has_no_orphans() -> None:
    assert {path.name for path in reference.FOLDER.iterdir()} == set(reference.PAGES)


@pytest.mark.parametrize("path", gallery.DOCUMENTS, ids=lambda p: p.name)
def test_messages_in_documents_are_what_is_said_today(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert gallery.refreshed(text) == text, "run `make docs`"
    assert "```text\n```" not in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_is_sent_to_somebody_elses_package(path: Path) -> None:
    assert not re.search(r"pip install[^\n`]*\bseqspec\b", path.read_text(encoding="utf-8"))


SEQ_BLOCK = re.compile(r"^```seq\n((?:(?!```).*\n)*)```$(?!\n\n```)", re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "docs/language.md"])
def test_specs_in_documents_are_right(name: str, tmp_path: Path) -> None:
    """Those that no message follows."""
    specs = SEQ_BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert specs
    for text in specs:
        (tmp_path / "spec.seq").write_text(text, encoding="utf-8")
        found = Compilation.of(tmp_path / "spec.seq").check()
        assert not [d.message for d in found if d.severity is Severity.ERROR], text
