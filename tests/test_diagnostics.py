"""The catalogue of messages and its pages: each code is explained, and the explanation is true.

A page's *Wrong* is run and must produce exactly its code; its *Right* must be clean. Blocks of a
section: ``seq`` is saved as ``spec.seq``; ``csv name=FILE`` as that file; ``python`` is run and
makes data; ``sh`` holds the command to run, ``seqspec check spec.seq`` if there is none. Files of
*Wrong* are there for *Right* too.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seqspec import cli, resources
from seqspec.diagnostics import codes
from seqspec.diagnostics.codes import CATALOGUE
from seqspec.diagnostics.model import Code, Severity

ROOT = Path(__file__).parents[1]
HEADINGS = ("What it means", "Wrong", "Right", "Why")
KINDS = {"seq", "csv", "python", "sh"}
CODE = re.compile(r"SEQ\d{3}")
# Pages whose wrong example nobody can run at will.
NOT_RUN = {
    "SEQ801": "needs an installation without a framework",
    "SEQ802": "both backends of this release can say everything",
    "SEQ805": "would be a bug of ours",
}
# Pages whose examples train.
RUNS = {"SEQ614", "SEQ615", "SEQ650"}


@dataclass
class Section:
    text: str = ""
    files: dict[str, str] = field(default_factory=dict[str, str])
    scripts: list[str] = field(default_factory=list[str])
    commands: list[str] = field(default_factory=list[str])


def read(number: str) -> tuple[str, dict[str, Section]]:
    """The title and the sections of a page."""
    page = resources.page(number)
    assert page is not None, f"{number} has no page"
    title, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    sections: dict[str, Section] = {}
    for part in parts:
        heading, _, body = part.partition("\n")
        section = sections[heading] = Section(body.strip())
        for info, text in re.findall(r"^```(.*)\n((?:.*\n)*?)```$", body, flags=re.MULTILINE):
            kind, _, name = info.partition(" name=")
            assert kind in KINDS, f"{number}: what is a {kind} block?"
            if kind == "python":
                section.scripts.append(text)
            elif kind == "sh":
                section.commands += text.splitlines()
            else:
                section.files[name or "spec.seq"] = text
    return title.strip(), sections


def run(
    number: str, sections: list[Section], folder: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Run the last section's commands over the files of all; the codes that were printed."""
    for section in sections:
        for name, text in section.files.items():
            (folder / name).write_text(text, encoding="utf-8")
    for script in sections[-1].scripts:
        subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    commands = sections[-1].commands or ["seqspec check spec.seq"]
    capsys.readouterr()
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "seqspec", f"{number}: {command}"
        cli.main(arguments)
    printed = capsys.readouterr()
    heads = re.findall(r"(?:error|warning|note)\[(SEQ\d{3})\]", printed.out + printed.err)
    assert heads or not printed.err.strip() or commands, printed.err
    return heads


def test_codes_are_sorted_and_named_once() -> None:
    numbers = list(CATALOGUE)
    assert numbers == sorted(numbers)
    assert all(
        number == code.number and CODE.fullmatch(number) for number, code in CATALOGUE.items()
    )
    assert len({code.name for code in CATALOGUE.values()}) == len(CATALOGUE)
    # A name that is defined twice would hide the first.
    tree = ast.parse(Path(codes.__file__).read_text(encoding="utf-8"))
    literals = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    assert [x for x in literals if isinstance(x, str) and CODE.fullmatch(x)] == numbers


def test_pages_belong_to_codes() -> None:
    pages = {path.stem for path in (ROOT / "seqspec/diagnostics/pages").glob("*")}
    assert pages == set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE.values(), ids=lambda c: c.number)
def test_page_is_whole(code: Code) -> None:
    title, sections = read(code.number)
    assert title == f"# {code.number} {code.name}"
    assert tuple(sections) == HEADINGS
    assert all(section.text for section in sections.values())
    assert sections["Wrong"].files or sections["Wrong"].commands
    assert sections["Right"].files


@pytest.mark.parametrize("code", CATALOGUE.values(), ids=lambda c: c.number)
def test_message_has_the_house_voice(code: Code) -> None:
    assert not code.message.endswith((".", "!"))
    assert code.message[0] in "`{" or code.message[0].islower()
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code.name)


def examples(heading: str) -> list[object]:
    """A parameter for each page, marked by what it needs."""
    found: list[object] = []
    for code in CATALOGUE.values():
        marks: list[pytest.MarkDecorator] = []
        if heading == "Wrong" and code.number in NOT_RUN:
            marks.append(pytest.mark.skip(reason=NOT_RUN[code.number]))
        if code.number in RUNS and (heading == "Wrong" or read(code.number)[1][heading].commands):
            marks += [pytest.mark.torch, pytest.mark.e2e]
        found.append(pytest.param(code, id=code.number, marks=marks))
    return found


@pytest.mark.parametrize("code", examples("Wrong"))
def test_wrong_example_gives_its_code_and_no_other(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, sections = read(code.number)
    found = run(code.number, [sections["Wrong"]], tmp_path, capsys)
    if code.severity is not Severity.NOTE:
        found = [n for n in found if CATALOGUE[n].severity is not Severity.NOTE]
    assert found == [code.number]


@pytest.mark.parametrize("code", examples("Right"))
def test_right_example_is_clean(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, sections = read(code.number)
    assert run(code.number, [sections["Wrong"], sections["Right"]], tmp_path, capsys) == []


def used_names() -> set[str]:
    """Names of the catalogue that the package uses: as ``codes.NAME``."""
    used: set[str] = set()
    for path in (ROOT / "seqspec").rglob("*.py"):
        if path == Path(codes.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
    return used


def test_every_code_is_raised() -> None:
    names = {name: value.number for name, value in vars(codes).items() if isinstance(value, Code)}
    assert set(names.values()) == set(CATALOGUE)
    used = used_names()
    idle = {number for name, number in names.items() if name not in used}
    assert not idle, f"nothing reports {sorted(idle)}"


# Where a number is an example of what a number looks like.
SPOKEN_OF = {"seqspec/cli/arguments.py", "seqspec/cli/explain_command.py"}


def test_numbers_stand_in_the_catalogue_only() -> None:
    wrong: list[str] = []
    for path in sorted((ROOT / "seqspec").rglob("*.py")):
        if path == Path(codes.__file__) or path.relative_to(ROOT).as_posix() in SPOKEN_OF:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and CODE.search(node.value)
        ]
    assert not wrong, wrong
