"""Weights and arrays are data: a file that would run code when it is loaded is refused."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import Program, load
from tests.security.hostile import MARK


class Bomb:
    """Creates the canary when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / MARK

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


SPEC = """\
model Net(x: float[B, 2]) -> float[B, 1] {
    x -> dense(1)
}
data arrays {
    source = npz("a.npz")
    target = y
}
train Net {
    data = arrays
    loss = mse
}
"""


def program(backend: str, folder: Path) -> Program:
    np.savez(folder / "a.npz", x=np.zeros((40, 2), np.float32), y=np.zeros((40, 1), np.float32))
    compilation = Compilation.of_text(SPEC)
    (folder / "program").mkdir()
    for file in compilation.files(backend):
        (folder / "program" / file.path).write_text(file.text, encoding="utf-8")
    return load(folder / "program", backend)


def weights_files(folder: Path) -> dict[str, bytes]:
    bomb = pickle.dumps(Bomb(folder))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", bomb)  # as torch.save lays it out
        file.writestr("archive/version", "3\n")
    array = io.BytesIO()
    np.savez(array, kernel=np.array([Bomb(folder)], dtype=object))
    return {"pickle": bomb, "torch.save": archive.getvalue(), "npz": array.getvalue()}


BACKENDS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("keras", marks=[pytest.mark.keras, pytest.mark.slow]),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_pickles_are_no_weights(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = program(backend, tmp_path)
    model = made.module("model").build_model()
    weights = made.module("weights")
    for kind, content in weights_files(tmp_path).items():
        path = tmp_path / f"{kind}.safetensors"
        path.write_bytes(content)
        with pytest.raises(weights.WeightsError, match="is not a weights file"):
            weights.load(model, path)
    assert not (tmp_path / MARK).exists()


@pytest.mark.torch
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_object_arrays_are_no_data(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = program("torch", tmp_path).module("data")
    bombs = np.array([[Bomb(tmp_path)] * 2] * 40, dtype=object)
    path = tmp_path / f"bomb.{suffix}"
    if suffix == "npz":
        np.savez(path, x=bombs, y=bombs)
    else:
        np.save(path, bombs, allow_pickle=True)
    with pytest.raises(data.DataError):
        data.load(path)
    assert not (tmp_path / MARK).exists()


def test_checker_unpickles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bombs = np.array([[Bomb(tmp_path)] * 2] * 40, dtype=object)
    np.savez(tmp_path / "a.npz", x=bombs, y=bombs)
    found = Compilation.of_text(SPEC).check()
    assert not (tmp_path / MARK).exists()
    assert [d.code.number for d in found] == ["SEQ603"], [d.message for d in found]
    assert "holds no numbers" in found[0].message
    np.savez(tmp_path / "a.npz", x=np.zeros((40, 2)), y=bombs)
    (found_target,) = Compilation.of_text(SPEC).check()
    assert found_target.code.number == "SEQ614"
    assert not (tmp_path / MARK).exists()


def test_header_of_an_array_is_a_literal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header of a npy file is a Python literal: read as data, whatever it says."""
    monkeypatch.chdir(tmp_path)
    for text in (
        f"__import__('pathlib').Path('{MARK}').touch()",
        "{'descr': '<f4', 'shape': " + "(" * 500,
        "{'descr': '<f4', 'shape': (1e9,)}",
        "{'descr': '<f4', 'shape': ('a',)}",
        "{'descr': '<f4', 'shape': (-1, 2)}",
        "[]",
        "",
    ):
        header = text.encode().ljust(64) + b"\n"
        array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        with zipfile.ZipFile("a.npz", "w") as file:
            file.writestr("x.npy", array)
            file.writestr("y.npy", array)
        found = Compilation.of_text(SPEC).check()
        assert [d.code.number for d in found] == ["SEQ614"], (text, [d.message for d in found])
    assert not (tmp_path / MARK).exists()
