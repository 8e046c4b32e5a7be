"""Arrays too large for memory: the same samples as from memory, and a bound on what is held."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from tests.behaviour.data_tasks import (
    MINMAX,
    STANDARD,
    chronological,
    floats,
    npy,
    npz,
    program,
    randomly,
    sliding,
    task,
    tokens,
)
from tests.behaviour.test_data_program import clean

GENERATOR = np.random.default_rng(3)
SAMPLES = {
    "x": GENERATOR.normal(10, 4, (300, 6, 2)),
    "k": GENERATOR.integers(0, 5, (300, 6)),
    "y": GENERATOR.integers(0, 3, 300),
}
SERIES = GENERATOR.normal(10, 4, (300, 2)).astype(np.float32)
SAVE = {"stored": np.savez, "compressed": np.savez_compressed}


def samples(**changes: Any) -> Task:
    inputs = {"x": (floats("B", 6, 2), ("x",)), "k": (tokens(5, "B", 6), ("k",))}
    given: dict[str, Any] = {"memory": "map", "loss": "sparse_categorical_crossentropy"}
    return task(npz("a.npz"), inputs, floats("B", 3), ("y",), **(given | changes))


def series(**changes: Any) -> Task:
    inputs = {"x": (floats("B", "T", 2), ("x",))}
    given: dict[str, Any] = {"memory": "map", "kind": "ahead", "windows": sliding(5, stride=2)}
    return task(npy("a.npy"), inputs, floats("B", 2), ("x",), **(given | changes))


def small_blocks(data: Any) -> Any:
    data.BLOCK = 100
    return data


def both(make: Any, folder: Path, **changes: Any) -> tuple[Any, Any]:
    """The program that maps and the one that reads all."""
    (folder / "whole").mkdir()
    mapped = small_blocks(program(make(**changes), folder))
    return mapped, program(make(memory="whole", **changes), folder / "whole")


def alike(data: Any, plain: Any, path: Path, *, scaled: bool) -> None:
    """Parts, batches and inputs for prediction are equal; a scale differs by rounding."""
    close = 1e-6 if scaled else 0
    for _ in range(2):  # unpacked, then found
        found, expected = data.load(path), plain.load(path)
        for name in ("train", "validation", "test"):
            one, other = getattr(found, name), getattr(expected, name)
            assert len(one) == len(other) > 0
            generators = np.random.default_rng(0), np.random.default_rng(0)
            batches = data.batches(one, 16, generators[0]), plain.batches(other, 16, generators[1])
            for batch, wanted in zip(*batches, strict=True):
                for a, b in zip((*batch[0], batch[1]), (*wanted[0], wanted[1]), strict=True):
                    np.testing.assert_allclose(a, b, rtol=close, atol=close)
                    assert a.dtype == b.dtype
        scaling = (found.scaling,) if scaled else ()
        given = data.inputs_for_prediction(path, *scaling)
        for a, b in zip(given, plain.inputs_for_prediction(path, *scaling), strict=True):
            np.testing.assert_allclose(a, b, rtol=close, atol=close)


@pytest.mark.parametrize("packing", list(SAVE))
@pytest.mark.parametrize("scale", [None, STANDARD, MINMAX])
@pytest.mark.parametrize("split", [chronological(), randomly()])
def test_archives_are_as_in_memory(packing: str, scale: Any, split: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    SAVE[packing](path, **SAMPLES)
    data, plain = both(samples, tmp_path, scale=scale, split=split)
    alike(data, plain, path, scaled=scale is not None)
    # Stored arrays stay where they are, the three packed ones are unpacked once.
    assert len(list(tmp_path.glob("*.numbers"))) == (3 if packing == "compressed" else 0)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("scale", [None, STANDARD, MINMAX])
def test_one_array_is_as_in_memory(order: Any, scale: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.asarray(SERIES, order=order))
    data, plain = both(series, tmp_path, scale=scale)
    alike(data, plain, path, scaled=scale is not None)


def test_a_changed_archive_is_unpacked_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, **SAMPLES)
    data = program(samples(), tmp_path)
    data.load(path)
    np.savez_compressed(path, **(SAMPLES | {"x": SAMPLES["x"] + 1000}))
    assert data.load(path).train.inputs[0].min() > 900


@pytest.mark.parametrize("kind", ["npy", "stored", "compressed"])
def test_memory_is_bounded(kind: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4000, 50, 8))
    if kind == "npy":
        path = tmp_path / "a.npy"
        np.save(path, values)
    else:
        path = tmp_path / "a.npz"
        SAVE[kind](path, x=values)
    of = task(
        npy(path) if kind == "npy" else npz(path), {"x": (floats("B", 50, 8), ("x",))},
        floats("B", 50, 8), ("x",), scale=STANDARD, split=randomly(), memory="map",
    )  # fmt: skip
    data = program(of, tmp_path)
    data.BLOCK = 10_000
    tracemalloc.start()
    try:
        dataset = data.load(path)
        total = sum(batch[0][0].sum() for batch in data.batches(dataset.train, 64))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.isfinite(total)
    assert peak < values.nbytes / 4, f"{peak:,} bytes held of {values.nbytes:,}"


def test_mistakes_are_told_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    data = small_blocks(program(samples(), tmp_path))
    wrong: dict[str, Any] = {name: values.copy() for name, values in SAMPLES.items()}
    wrong["x"][200, 3, 1] = np.inf
    np.savez(path, **wrong)
    with pytest.raises(data.DataError, match=r"holds inf at \[200, 3, 1\]"):
        data.load(path)
    wrong["x"][200, 3, 1] = 0
    wrong["k"][250, 4] = 9
    np.savez(path, **wrong)
    with pytest.raises(data.DataError, match=r"'k' holds 9 at \[250, 4\]"):
        data.load(path)
    np.savez(path, x=SAMPLES["x"], key=SAMPLES["k"], y=SAMPLES["y"])
    with pytest.raises(data.DataError, match="no array 'k'"):
        data.load(path)
    wrong["k"] = np.zeros((300, 6), object)
    np.savez(path, **wrong)
    with pytest.raises(data.DataError, match="not an npz file, or is damaged"):
        data.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(data.DataError, match="not an npz file, or is damaged"):
        data.load(path)
    with pytest.raises(data.DataError, match="cannot read"):
        data.load(tmp_path / "absent.npz")


def test_an_archive_that_cannot_be_unpacked_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, **SAMPLES)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("x.npy").header_offset
    content = bytearray(path.read_bytes())
    content[at + 1000 : at + 1100] = bytes(100)
    path.write_bytes(content)
    data = program(samples(), tmp_path)
    with pytest.raises(data.DataError, match="not an npz file, or is damaged"):
        data.load(path)
    assert list(tmp_path.glob("*numbers*")) == []


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    splits = [chronological(), randomly()]
    scales = [None, STANDARD, MINMAX]
    found = [samples(scale=scale, split=split) for scale in scales for split in splits]
    clean(tmp_path, *found, *(series(scale=scale) for scale in scales))
