"""Programs in this process: apart from each other, and without traces."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seqspec.running import program
from seqspec.running.errors import RunError


def write(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_programs_with_the_same_file_names_live_side_by_side(tmp_path: Path) -> None:
    one = write(tmp_path / "one", model="NAME = 1", train="from model import NAME\nimport model")
    two = write(tmp_path / "two", model="NAME = 2", train="from model import NAME\nimport model")
    path, before = list(sys.path), set(sys.modules)
    first, second = program.load(one, "torch"), program.load(two, "torch")
    assert first.module("train").NAME == 1
    assert second.module("train").NAME == 2
    assert first.module("train").model is first.module("model")
    assert sys.path == path
    assert not {"model", "train"} & (set(sys.modules) - before)
    first.close()
    second.close()
    assert not [name for name in set(sys.modules) - before if name.startswith("seqspec_program_")]


def test_siblings_win_over_installed_modules_and_are_imported_late(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "p",
        model="",
        json="HERE = True",
        train="def late():\n  import json\n  return json.HERE",
    )
    assert program.load(folder, "torch").module("train").late() is True


def test_dataclasses_and_other_imports_work(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from os import path\n"
        "@dataclass(frozen=True)\n"
        "class Point:\n  x: int = 1\n"
    )
    folder = write(tmp_path / "p", model=text)
    assert program.load(folder, "torch").module("model").Point().x == 1


def test_a_folder_without_a_program(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no program: model\.py is missing"):
        program.load(tmp_path, "torch")


def test_a_file_that_is_not_python_any_more(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", model="def broken(:\n")
    with pytest.raises(RunError, match=r"model\.py is not valid Python"):
        program.load(folder, "torch").module("model")


def test_a_module_that_is_not_installed(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", model="import no_such_module_anywhere.inside")
    with pytest.raises(RunError, match="no_such_module_anywhere is not installed") as caught:
        program.load(folder, "torch").module("model")
    assert "`torch`" in caught.value.help


def test_a_framework_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "p", model="")
    monkeypatch.setattr(program, "FRAMEWORKS", {"torch": ("no_such_framework",)})
    with pytest.raises(RunError, match="no_such_framework is not installed"):
        program.load(folder, "torch")


def test_declared_errors_become_run_errors_and_others_stay(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", model="", data="class DataError(ValueError): pass")
    loaded = program.load(folder, "torch")
    with pytest.raises(RunError, match="no column pressure") as caught, loaded.reporting():
        raise loaded.module("data").DataError("no column pressure")
    assert caught.value.kind == "data"
    with pytest.raises(RunError, match="no such file or directory"), loaded.reporting():
        Path(tmp_path / "absent").read_text()
    with pytest.raises(ValueError, match="a bug"), loaded.reporting():
        raise ValueError("a bug")
