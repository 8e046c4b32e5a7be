"""Tables too large for memory: the same samples as from memory, and a bound on what is held."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqspec.ir.task import Task
from seqspec.vocabulary.spec import Setting
from tests.behaviour.data_tasks import (
    MINMAX,
    STANDARD,
    csv,
    floats,
    loaded,
    parquet,
    program,
    sliding,
    task,
    tokens,
)
from tests.behaviour.test_data_program import clean

ROWS = 500
TABLE = np.round(np.random.default_rng(3).normal(10, 4, (ROWS, 4)), 3)
TABLE[:, 3] = np.arange(ROWS) % 5
NAMES = ("a", "b", "c", "k")


def write(path: Path, table: Any = TABLE, names: tuple[str, ...] = NAMES) -> Path:
    """As csv or parquet, by the name; NaN is a missing value."""
    if path.suffix == ".parquet":
        columns = {n: pa.array(table[:, i], from_pandas=True) for i, n in enumerate(names)}
        pq.write_table(pa.table(columns), path)
    else:
        rows = (",".join("" if np.isnan(v) else f"{v}" for v in row) for row in table.tolist())
        path.write_text("\n".join([",".join(names), *rows]) + "\n")
    return path


def source(suffix: str) -> Setting:
    return {"csv": csv, "parquet": parquet}[suffix](f"t.{suffix}")


def windows(suffix: str, **changes: Any) -> Task:
    given: dict[str, Any] = {
        "kind": "ahead",
        "windows": sliding(5, stride=2, horizon=2),
        "memory": "map",
    }
    inputs = {"x": (floats("B", "T", 2), ("a", "b")), "k": (tokens(5, "B", "T"), ("k",))}
    return task(source(suffix), inputs, floats("B", 2), ("c",), **(given | changes))


def rows(suffix: str, **changes: Any) -> Task:
    inputs = {"x": (floats("B", 2), ("a", "b"))}
    given: dict[str, Any] = {"memory": "map", "loss": "sparse_categorical_crossentropy"}
    return task(source(suffix), inputs, floats("B", 5), ("k",), **(given | changes))


def small_blocks(data: Any) -> Any:
    data.BLOCK = 64
    return data


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("make", [windows, rows])
@pytest.mark.parametrize("scale", [None, STANDARD, MINMAX])
@pytest.mark.parametrize("missing", ["error", "forward_fill"])
def test_the_same_as_in_memory(
    suffix: str, make: Any, scale: Any, missing: str, tmp_path: Path
) -> None:
    table = TABLE.copy()
    if missing == "forward_fill":
        table[[60, 63, 64, 65, 200], [0, 1, 1, 1, 3]] = np.nan
    path = write(tmp_path / f"t.{suffix}", table)
    (tmp_path / "whole").mkdir()
    data = small_blocks(program(make(suffix, scale=scale, missing=missing), tmp_path))
    plain = program(make(suffix, scale=scale, missing=missing, memory="whole"), tmp_path / "whole")
    for _ in range(2):  # converted, then found
        found, expected = data.load(path), plain.load(path)
        for name in ("train", "validation", "test"):
            a, b = getattr(found, name), getattr(expected, name)
            assert len(a) == len(b) > 0
            for x, y in zip((*a.inputs, a.target), (*b.inputs, b.target), strict=True):
                np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)
                assert x.dtype == y.dtype
            picked = np.array([2, 0, 1])
            for x, y in zip(a.batch(picked)[0], b.batch(picked)[0], strict=True):
                np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)
        scaling = (found.scaling,) if scale else ()
        if scale:
            assert found.scaling.shift == pytest.approx(expected.scaling.shift)
            assert found.scaling.factor == pytest.approx(expected.scaling.factor)
        for x, y in zip(
            data.inputs_for_prediction(path, *scaling),
            plain.inputs_for_prediction(path, *scaling),
            strict=True,
        ):
            np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)
    assert len(list(tmp_path.glob("t.*.numbers"))) == 2  # with and without the target


def test_a_changed_table_is_converted_again(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv")
    data = program(windows("csv"), tmp_path)
    data.load(path)
    (kept,) = tmp_path.glob("t.*.numbers")
    before = kept.stat().st_mtime_ns
    data.load(path)
    assert kept.stat().st_mtime_ns == before
    write(path, TABLE + 1000 * np.array([1, 1, 1, 0]))
    assert data.load(path).train.inputs[0].min() > 900
    os.utime(path, ns=(1, 1))
    data.load(path)
    assert kept.stat().st_mtime_ns != before


def test_programs_that_convert_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv")
    (tmp_path / "other").mkdir()
    one, other = program(windows("csv"), tmp_path), program(windows("csv"), tmp_path / "other")
    refined = one.refined

    def slowly(*given: Any) -> Any:
        for block in refined(*given):
            other.load(path)  # begins and ends while the first is at it
            yield block

    one.refined = slowly
    one.places_for = other.places_for  # the lines of a replaced function are others
    assert len(one.load(path).train) == len(other.load(path).train)
    assert [p.suffix for p in tmp_path.iterdir() if p.name.startswith((".t", "t.csv."))] == [
        ".numbers"
    ]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.csv")
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = program(windows("csv"), tmp_path)
    expected = data.load(path).train.inputs[0].copy()
    (beside,) = tmp_path.glob("t.*.numbers")
    beside.unlink()
    # Permissions do not bind everyone who runs tests.
    monkeypatch.setattr(data.os, "access", lambda folder, mode: folder != tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(data.load(path).train.inputs[0], expected)
    assert list(tmp_path.glob("t.*.numbers")) == []
    (kept,) = (tmp_path / "cache" / "numbers").glob("*/t.csv.*.numbers")
    assert kept.parent.stat().st_mode & 0o077 == 0
    before = kept.stat().st_mtime_ns
    write(path, TABLE + 1000 * np.array([1, 1, 1, 0]))
    assert data.load(path).train.inputs[0].min() > 900
    assert kept.stat().st_mtime_ns != before


def test_a_conversion_by_other_lines_is_another(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv")
    inputs = {"x": (floats("B", "T", 2), ("a", "b"))}
    given: dict[str, Any] = {"kind": "ahead", "windows": sliding(3), "memory": "map"}
    data = program(task(source("csv"), inputs, floats("B", 1), ("c",), **given), tmp_path)
    expected = 2 * data.load(path).train.target
    text = (tmp_path / "data.py").read_text()
    assert text.count("value = float(text)\n") == 1
    (tmp_path / "data.py").write_text(
        text.replace("value = float(text)\n", "value = 2 * float(text)\n")
    )
    changed = loaded(tmp_path / "data.py").load(path)
    np.testing.assert_allclose(changed.train.target, expected)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_memory_is_bounded(suffix: str, tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(60_000, 8)).round(2)
    names = tuple("abcdefgh")
    path = write(tmp_path / f"t.{suffix}", table, names)
    inputs = {"x": (floats("B", "T", 8), names)}
    of = task(
        source(suffix), inputs, floats("B", 1), ("a",), kind="ahead", windows=sliding(48),
        scale=STANDARD, memory="map",
    )  # fmt: skip
    data = program(of, tmp_path)
    data.BLOCK = 1000
    whole = table.nbytes
    # Libraries import parts of themselves on first use, which are no data.
    data.load(write(tmp_path / f"few.{suffix}", table[:300], names))
    tracemalloc.start()
    try:
        dataset = data.load(path)
        total = sum(batch[0][0].sum() for batch in data.batches(dataset.train, 64))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.isfinite(total)
    assert isinstance(dataset.train.inputs[0].base, np.ndarray)
    # As windows it would be 48 times as much, as a list of Python's numbers 4 times.
    assert peak < whole / 2, f"{peak:,} bytes held of {whole:,}"


MISTAKES = {
    "text": ("a", "x", "line 102, column 'a': 'x' is not a number"),
    "missing": ("b", "", "line 102, column 'b': the value is missing"),
    "id": ("k", "7", "column 'k' holds 7 in row 101 below the header: not a whole number from 0"),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_mistakes_are_told_by_their_row(name: str, tmp_path: Path) -> None:
    column, text, message = MISTAKES[name]
    path = write(tmp_path / "t.csv")
    lines = path.read_text().splitlines()
    fields = lines[101].split(",")
    fields[NAMES.index(column)] = text
    lines[101] = ",".join(fields)
    path.write_text("\n".join(lines) + "\n")
    data = small_blocks(program(windows("csv"), tmp_path))
    with pytest.raises(data.DataError, match=message):
        data.load(path)
    assert [p.name for p in tmp_path.glob("*numbers*")] == []  # nothing half done is left


def test_mistakes_in_parquet_are_told_by_their_row(tmp_path: Path) -> None:
    table = TABLE.copy()
    table[100, 1] = np.nan
    path = write(tmp_path / "t.parquet", table)
    data = small_blocks(program(windows("parquet"), tmp_path))
    with pytest.raises(data.DataError, match=r"'b' of .* has no value in row 101"):
        data.load(path)
    (tmp_path / "t.parquet").write_text("no parquet file")
    with pytest.raises(data.DataError, match="is not a parquet file"):
        data.load(path)


def test_tables_that_cannot_be_converted(tmp_path: Path) -> None:
    data = program(windows("csv"), tmp_path)
    for text, message in (("", "no header"), ("a,b,c,k\n", "no rows"), ("a,b\n1,2\n", "no column")):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(data.DataError, match=message):
            data.load(tmp_path / "t.csv")
    with pytest.raises(data.DataError, match="cannot read"):
        data.load(tmp_path / "absent.csv")
    table = TABLE.copy()
    table[0, 0] = np.nan
    path = write(tmp_path / "t.csv", table)
    filling = program(windows("csv", missing="forward_fill"), tmp_path)
    with pytest.raises(filling.DataError, match=r"'a' of .* begins with a missing value"):
        filling.load(path)


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    found = [
        make(suffix, scale=scale, missing=missing)
        for make in (windows, rows)
        for suffix in ("csv", "parquet")
        for scale in (None, STANDARD, MINMAX)
        for missing in ("error", "forward_fill")
    ]
    plain = {"x": (floats("B", "T", 2), ("a", "b"))}
    for suffix in ("csv", "parquet"):
        for scale in (None, STANDARD):
            for missing in ("error", "forward_fill"):
                found.append(windows(suffix, scale=scale, missing=missing) if scale else task(
                    source(suffix), plain, floats("B", 1), ("c",), kind="ahead",
                    windows=sliding(3), memory="map", missing=missing,
                ))  # fmt: skip
    clean(tmp_path, *found)
