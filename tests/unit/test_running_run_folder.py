"""Run folders: made at once, never overwritten, and with clear words when something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seqspec.backends.base import OutputFile
from seqspec.running import run_folder
from seqspec.running.errors import RunError
from seqspec.running.run_folder import Description, RunFolder

DESCRIPTION = Description(
    backend="torch",
    spec="airline.seq",
    model="Airline",
    digest="abc",
    overrides={"units": 3},
    data="/data/airline.csv",
    epochs=2,
    seed=0,
    device="cpu",
    overfit_one_batch=False,
    seqspec="0.1",
)
FILES = [OutputFile("model.py", "x = 1\n")]


def test_a_new_folder_holds_all_that_is_known_before_training(tmp_path: Path) -> None:
    folder = run_folder.create(tmp_path / "deep" / "run", DESCRIPTION, "model A\r\n", FILES)
    assert (folder.path / "spec.seq").read_bytes() == b"model A\r\n"
    assert (folder.program / "model.py").read_text() == "x = 1\n"
    assert folder.describe() == DESCRIPTION
    assert [p.name for p in folder.path.parent.iterdir()] == ["run"]


def test_default_names_are_numbered(tmp_path: Path) -> None:
    names: list[str] = []
    (tmp_path / "airline-7").mkdir()
    (tmp_path / "airline-x").mkdir()
    (tmp_path / "weather-9").mkdir()
    for _ in range(2):
        folder = run_folder.create(None, DESCRIPTION, "", FILES, runs=tmp_path)
        names.append(folder.path.name)
    assert names == ["airline-8", "airline-9"]


def test_an_empty_folder_is_used_and_one_with_something_is_not(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    run_folder.create(run, DESCRIPTION, "", FILES)
    (run / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty, and a run is never overwritten"):
        run_folder.create(run, DESCRIPTION, "", FILES)
    assert (run / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="is a file, and a run is never overwritten"):
        run_folder.create(tmp_path / "run", DESCRIPTION, "", FILES)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot make a run folder in .*: file exists"):
        run_folder.create(tmp_path / "file" / "run", DESCRIPTION, "", FILES)


def test_what_is_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run folder"):
        RunFolder(tmp_path / "absent").describe()
    with pytest.raises(RunError, match=r"is not a run folder: no run\.json"):
        RunFolder(tmp_path).describe()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', "\udcff"])
def test_a_damaged_description(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        RunFolder(tmp_path).describe()


def test_a_description_of_another_version(tmp_path: Path) -> None:
    folder = run_folder.create(tmp_path / "run", DESCRIPTION, "", FILES)
    facts = json.loads((folder.path / "run.json").read_text())
    (folder.path / "run.json").write_text(json.dumps({**facts, "format": 2}))
    with pytest.raises(RunError, match=r"another version of seqspec \(0\.1\)"):
        folder.describe()


def test_discarding_spares_weights(tmp_path: Path) -> None:
    folder = run_folder.create(tmp_path / "run", DESCRIPTION, "", FILES)
    folder.last.write_bytes(b"learnt")
    folder.discard()
    assert folder.checkpoint() == folder.last
    folder.last.unlink()
    with pytest.raises(RunError, match="holds no weights"):
        folder.checkpoint()
    folder.discard()
    assert not folder.path.exists()


def test_spec_names_stay_inside_the_folder(tmp_path: Path) -> None:
    description = replace(DESCRIPTION, spec="../../escape.seq")
    folder = run_folder.create(None, description, "", FILES, runs=tmp_path / "runs")
    assert folder.path == tmp_path / "runs" / "escape-1"
