"""``seqspec new``: templates that are right, and never written over something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqspec import cli, resources
from tests.cli import one_message, tree

Capture = pytest.CaptureFixture[str]
NAMES = list(resources.starters())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


def test_templates_are_listed(capsys: Capture) -> None:
    assert cli.main(["new"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(NAMES)]] == NAMES
    assert {"forecast", "classification", "tagging", "autoencoder", "text"} < set(NAMES)
    assert all(len(line.split()) > 3 for line in lines[: len(NAMES)]), "each says what it is"
    assert os.listdir() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_right_and_compiles(name: str, capsys: Capture) -> None:
    assert cli.main(["new", name]) == 0
    listed, following = capsys.readouterr().out.splitlines()
    assert sorted(os.listdir(name)) == sorted(listed.removeprefix(f"{name}: ").split(", "))
    spec = following.removeprefix("next: seqspec train ")
    assert cli.main(["check", "--strict", spec]) == 0
    for backend in ("torch", "keras"):
        assert cli.main(["compile", spec, "--backend", backend, "-o", backend]) == 0
        assert "train.py" in os.listdir(backend)
    assert capsys.readouterr().err == ""


def test_a_folder_may_be_named(capsys: Capture) -> None:
    Path("empty").mkdir()
    for folder in ("mine/first", "empty"):
        assert cli.main(["new", "forecast", folder]) == 0
        assert "forecast.seq" in os.listdir(folder)
    assert "mine/first/forecast.seq" in capsys.readouterr().out


def test_nothing_is_overwritten(capsys: Capture) -> None:
    Path("forecast").mkdir()
    Path("forecast/notes.txt").write_text("mine")
    Path("file").write_text("mine")
    before = tree(Path())
    for command in (["new", "forecast"], ["new", "forecast", "file"]):
        assert cli.main(command) == 1
        one_message(capsys.readouterr().err, command[-1])
        assert tree(Path()) == before


def test_a_misspelt_name_is_guessed(capsys: Capture) -> None:
    assert cli.main(["new", "forcast"]) == 2
    one_message(capsys.readouterr().err, "'forcast'", "did you mean `forecast`?")
    assert cli.main(["new", "../forecast"]) == 2
    assert cli.main(["new", "sonnet"]) == 2
    assert "lists all templates" in capsys.readouterr().err
    assert os.listdir() == []


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_a_template_learns(name: str, capsys: Capture) -> None:
    """On the test part, better than each naive guess."""
    assert cli.main(["new", name]) == 0
    command = ["train", f"{name}/{name}.seq", "--backend", "torch", "--run", "run"]
    assert cli.main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == ["model"])
    columns = lines[at - 1].split()
    guesses = [line.split() for line in lines[at + 1 :] if line.startswith("  ")]
    assert guesses
    for place, column in enumerate(columns, start=-len(columns)):
        ours = float(lines[at].split()[place])
        for guess in guesses:
            better = (
                ours > float(guess[place]) if column == "accuracy" else ours < float(guess[place])
            )
            assert better, (column, lines[at:])
