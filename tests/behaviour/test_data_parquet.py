"""Tables as parquet: the same data as from csv, and clear messages about what cannot be used."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqspec.ir import files
from seqspec.ir.task import Task
from seqspec.vocabulary.data import SPLITS
from tests.behaviour.data_tasks import (
    STANDARD,
    csv,
    floats,
    parquet,
    program,
    setting,
    sliding,
    task,
    tokens,
)
from tests.behaviour.test_data_program import clean

ROWS = 60
START = datetime.datetime(2013, 7, 1, tzinfo=datetime.UTC)


def columns(**changes: Any) -> dict[str, Any]:
    """Two series of thirty hours, mixed."""
    hours = [(i * 7) % 30 for i in range(30)]
    given = {
        "station": [s for _ in hours for s in ("one", "two")],
        "time": [START + datetime.timedelta(hours=h) for h in hours for _ in range(2)],
        "a": [float(h + base) for h in hours for base in (0, 100)],
        "b": [h for h in hours for _ in range(2)],
        "flag": [h % 2 == 0 for h in hours for _ in range(2)],
    }
    return given | changes


def save(path: Path, **changes: Any) -> Path:
    pq.write_table(pa.table(columns(**changes)), path)
    return path


def reading(folder: Path, **changes: Any) -> Any:
    source = changes.pop("source", None) or parquet("t.parquet", series="station", order="time")
    inputs = changes.pop("inputs", {"x": (floats("B", "T", 2), ("a", "flag"))})
    given: dict[str, Any] = {"kind": "ahead", "windows": sliding(3)}
    return program(task(source, inputs, floats("B", 1), ("b",), **(given | changes)), folder)


def test_the_same_as_from_csv(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet")
    lines = ["station,time,a,b,flag"]
    for row in zip(*columns().values(), strict=True):
        lines.append(",".join(str(v.isoformat() if hasattr(v, "isoformat") else v) for v in row))
    text = "\n".join(lines).replace("True", "1").replace("False", "0")
    (tmp_path / "t.csv").write_text(text + "\n")
    one = reading(tmp_path, scale=STANDARD)
    other = reading(tmp_path, scale=STANDARD, source=csv("t.csv", series="station", order="time"))
    first, second = one.load(path), other.load(tmp_path / "t.csv")
    assert first.scaling.to_json() == second.scaling.to_json()
    for name in ("train", "validation", "test"):
        a, b = getattr(first, name), getattr(second, name)
        assert len(a) == len(b) > 0
        np.testing.assert_array_equal(a.inputs[0][:], b.inputs[0][:])
        np.testing.assert_array_equal(a.target, b.target)
    (x,), origins = one.inputs_for_prediction(path, first.scaling)
    (y,), same = other.inputs_for_prediction(tmp_path / "t.csv", second.scaling)
    np.testing.assert_array_equal(x[:], y[:])
    assert origins == same


@pytest.mark.parametrize(
    "kind", [pa.float32(), pa.int8(), pa.uint64(), pa.float16(), pa.decimal128(10, 2)]
)
def test_kinds_of_numbers(kind: pa.DataType, tmp_path: Path) -> None:
    values = [decimal.Decimal(i) if pa.types.is_decimal(kind) else i for i in range(ROWS)]
    if pa.types.is_float16(kind):
        values = list(np.arange(ROWS, dtype=np.float16))
    path = save(tmp_path / "t.parquet", a=pa.array(values, kind))
    part = reading(tmp_path, source=parquet("t.parquet")).load(path).train
    assert part.inputs[0][:, 0, 0].tolist() == list(range(len(part)))


def test_orders(tmp_path: Path) -> None:
    data = reading(tmp_path)
    for order in (
        pa.array([-h for h in columns()["b"]]),
        pa.array([-float(h) for h in columns()["b"]]),
        pa.array([START.date() - datetime.timedelta(days=h) for h in columns()["b"]]),
    ):
        path = save(tmp_path / "t.parquet", time=order)
        assert data.load(path).train.inputs[0][0][:, 0].tolist() == [29, 28, 27]


def test_categories_and_groups(tmp_path: Path) -> None:
    names = pa.array(columns()["station"]).dictionary_encode()
    path = save(tmp_path / "t.parquet", station=names)
    split = setting(SPLITS["by_series"], train=0.5, validation=0.0)
    assert len(reading(tmp_path, split=split).load(path).train) == 27


def test_missing_values(tmp_path: Path) -> None:
    holes = [None if i in (6, 7) else v for i, v in enumerate(columns()["a"])]
    path = save(tmp_path / "t.parquet", a=holes)
    data = reading(tmp_path)
    with pytest.raises(
        data.DataError, match=r"column 'a' of .* has no value in row 7, and the spec"
    ):
        data.load(path)
    filled = reading(tmp_path, missing="interpolate").load(path).train.inputs[0].rows
    assert not np.isnan(filled).any()


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"a": ["x"] * ROWS}, "column 'a' of .* holds no numbers but string"),
    "a list": ({"a": [[1.0]] * ROWS}, "column 'a' of .* holds no numbers but list"),
    "infinite": ({"a": [np.inf] * ROWS}, "'a' of .* holds inf in row 1: not a finite"),
    "too large": ({"a": [1e300] * ROWS}, "holds 1e\\+300 in row 1: .* too large"),
    "no name": ({"station": [None, *["x"] * (ROWS - 1)]}, "'station' of .* lacks a name in row 1"),
    "no time": ({"time": [START, None, *[START] * 58]}, "'time' of .* lacks a value in row 2"),
    "time of words": ({"time": ["noon"] * ROWS}, "holds neither numbers nor dates but string"),
    "the same time": ({"time": [START] * ROWS}, "rows 1 and 3 are of series 'one' and have the"),
    "no rows": ({name: pa.array([], pa.float64()) for name in columns()}, "columns but no rows"),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_bad_columns(name: str, tmp_path: Path) -> None:
    changes, message = MISTAKES[name]
    path = save(tmp_path / "t.parquet", **changes)
    data = reading(tmp_path)
    with pytest.raises(data.DataError, match=message) as caught:
        data.load(path)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_parquet(tmp_path: Path) -> None:
    data = reading(tmp_path)
    whole = save(tmp_path / "t.parquet").read_bytes()
    damaged = {
        "empty": b"",
        "text": b"a,b\n1,2\n" * 9,
        "cut": whole[: len(whole) // 2],
        "no footer": whole[:-40] + whole[-8:],
        "no data": whole[:4] + b"\0" * (len(whole) - 1500) + whole[-1496:],
    }
    for name, content in damaged.items():
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(content)
        with pytest.raises(
            data.DataError, match=r"is not a parquet file, or is damaged|cannot read"
        ):
            data.load(path)
    for path in (tmp_path / "absent.parquet", tmp_path):
        with pytest.raises(data.DataError, match="cannot read"):
            data.load(path)
    save(tmp_path / "t.parquet")
    lost = reading(tmp_path, inputs={"x": (floats("B", "T", 2), ("a", "flags"))})
    with pytest.raises(lost.DataError, match="no column 'flags'; did you mean 'flag'"):
        lost.load(tmp_path / "t.parquet")


def test_columns_without_a_reader(tmp_path: Path) -> None:
    nested = [{"p": 1, "q": {"r": [2.0]}}] * ROWS
    many = {f"c{i}": [0] * ROWS for i in range(20)}
    path = save(tmp_path / "t.parquet", nested=nested, **many)
    assert files.columns(path, None) == (*columns(), "nested", *many)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    footer = int.from_bytes(whole[-8:-4], "little")
    for _ in range(200):
        broken = bytearray(whole)
        for place in rng.integers(8, footer + 8, 4):
            broken[-int(place) - 1] = int(rng.integers(256))
        path.write_bytes(broken)
        found = files.columns(path, None)  # a wrong answer or a reason, never an exception
        assert isinstance(found, tuple | files.Unreadable)
    path.write_bytes(b"PAR1" + b"\0" * 8)
    assert files.columns(path, None) == files.Unreadable("it is not a parquet file")


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    window = {"x": (floats("B", "T", 2), ("a", "b"))}
    rows = {"x": (floats("B", 2), ("a", "b")), "n": (tokens(3, "B"), ("c",))}
    sources = [
        parquet("t.parquet"),
        parquet("t.parquet", series="s"),
        parquet("t.parquet", series="s", order="h"),
        parquet("t.parquet", order="h"),
    ]
    found: list[Task] = []
    for source in sources:
        for missing in ("error", "forward_fill", "interpolate"):
            windows = sliding(3, horizon=2)
            given: dict[str, Any] = {"missing": missing, "scale": STANDARD}
            found.append(
                task(source, window, floats("B", 2), ("b",), kind="ahead", windows=windows, **given)
            )
            found.append(task(source, rows, floats("B", 1), ("b",), **given))
    split = setting(SPLITS["grouped"], by="g", train=0.5, validation=0.0)
    found.append(task(sources[0], rows, floats("B", 1), ("b",), split=split, missing="drop"))
    split = setting(SPLITS["grouped"], by="a", train=0.5, validation=0.0)
    found.append(task(sources[0], rows, floats("B", 1), ("b",), split=split))
    clean(tmp_path, *found)
