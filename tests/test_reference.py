"""docs/reference/ is what the declarations say today, and the documents' links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from seqspec.diagnostics.model import Severity
from seqspec.driver import Compilation, Options
from seqspec.source import SourceFile
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


PICTURES = ("many-to-one", "many-to-many", "one-to-many")
SEQ_BLOCK = re.compile(r"^```seq\n((?:(?!```).*\n)*)```$(?!\n\n```)", re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "docs/language.md"])
def test_specs_in_documents_are_right(name: str) -> None:
    """Those that no message follows; data files are those of a checkout."""
    specs = SEQ_BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert specs
    for text in specs:
        found = Compilation(SourceFile("spec.seq", text), ROOT, Options()).check()
        assert not [d.message for d in found if d.severity is Severity.ERROR], text


def test_readme_shows_three_pictures_beside_whole_specs() -> None:
    """Each picture is there, and the spec below it can be trained from a checkout."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Three pictures\n")[2].partition("\n## ")[0]
    pictures = re.findall(r"^!\[[^]]+\]\((docs/pictures/\S+\.svg)\)$", section, re.MULTILINE)
    assert pictures == [f"docs/pictures/{name}.svg" for name in PICTURES]
    specs = SEQ_BLOCK.findall(section)
    assert len(specs) == len(pictures)
    for text in specs:
        compilation = Compilation(SourceFile("spec.seq", text), ROOT, Options())
        assert not compilation.check()
        assert compilation.task is not None
        assert compilation.task.training is not None


def test_readme_commands_stand_alone() -> None:
    """Each of the first two blocks begins on a fresh machine and installs through constraints."""
    blocks = re.findall(
        r"^```sh\n((?:(?!```).*\n)*)```$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    for block in blocks[:2]:
        first, second, *rest = block.splitlines()
        assert first == "python3 -m venv .venv"
        assert "pip install" in second
        assert "-c constraints.txt" in second
        assert rest
    assert "seqspec train examples/" in blocks[0]
    assert "pytest" in blocks[1]


def test_constraints_pin_everything_that_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in pinned), (
        "no local parts"
    )
    names = {line.partition("==")[0] for line in pinned}
    assert {re.split(r"[<>=]", requirement)[0] for requirement in wanted} <= names
