"""What the generated ``data.py`` says about data that cannot be used: one clear message each."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.behaviour.data_tasks import (
    STANDARD,
    chronological,
    csv,
    floats,
    npy,
    npz,
    program,
    sliding,
    task,
    tokens,
)

COUNT = "\n".join(f"{i},{i * i}" for i in range(30))


def says(data: Any, path: Path, *parts: str) -> None:
    """Loading fails with a one-line DataError that has all the parts."""
    with pytest.raises(data.DataError) as caught:
        data.load(path)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


def forecast(folder: Path, **changes: Any) -> Any:
    """A program that reads columns a and b in windows of four."""
    given: dict[str, Any] = {"kind": "ahead", "windows": sliding(4)}
    inputs = {"x": (floats("B", "T", 2), ("a", "b"))}
    return program(
        task(csv(folder / "t.csv"), inputs, floats("B", 1), ("b",), **(given | changes)), folder
    )


CSV_MISTAKES = {
    "empty file": ("", ["empty", "no header"]),
    "only a header": ("a,b\n", ["no rows"]),
    "misspelt column": (f"a,bb\n{COUNT}", ["no column 'b'", "did you mean 'bb'?", "a, bb"]),
    "absent column": (f"a,velocity\n{COUNT}", ["no column 'b'", "It has: a, velocity"]),
    "column twice": ("a,b,b\n1,2,3\n", ["more than one column 'b'"]),
    "text": (f"a,b\n{COUNT}\nx1,2\n", ["line 32", "column 'a'", "'x1' is not a number"]),
    "infinite": (f"a,b\n{COUNT}\n1,inf\n", ["line 32", "column 'b'", "not a finite number"]),
    "too large": (f"a,b\n{COUNT}\n1,1e999\n", ["not a finite number"]),
    "missing": (f"a,b\n{COUNT}\n1,\n", ["line 32", "column 'b'", "missing"]),
    "NaN": (f"a,b\n{COUNT}\nnan,1\n", ["line 32", "column 'a'", "missing"]),
    "ragged": (f"a,b\n{COUNT}\n1,2,3\n", ["line 32", "3 fields", "header of 2"]),
    "too large for float32": (f"a,b\n{COUNT}\n1,1e300\n", ["'1e300'", "too large for float32"]),
    "blank line": (f"a,b\n\n{COUNT}\n", ["line 2", "1 fields", "header of 2"]),
    "short row": (f"a,b\n{COUNT}\n1\n", ["line 32", "1 fields", "header of 2"]),
    "too short": ("a,b\n1,2\n3,4\n", ["training part", "2 rows", "4 rows and the one after"]),
    "short part": (
        f"a,b\n{COUNT[:80]}\n",
        ["validation part", "too few for one window"],
    ),
    "unclosed quote": (f'a,b\n{COUNT}\n"1,2\n', ["not a csv file"]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CSV_MISTAKES))
def test_csv(name: str, tmp_path: Path) -> None:
    text, parts = CSV_MISTAKES[name]
    (tmp_path / "t.csv").write_text(text)
    says(forecast(tmp_path), tmp_path / "t.csv", *parts)


def test_files_that_are_no_csv(tmp_path: Path) -> None:
    data = forecast(tmp_path)
    says(data, tmp_path / "absent.csv", "cannot read", "absent.csv", "No such file")
    says(data, tmp_path, "cannot read", "directory")
    np.savez(tmp_path / "a.npz", a=np.arange(3))
    says(data, tmp_path / "a.npz", "not a csv file")


def test_another_delimiter_shows_the_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a;b\n{COUNT.replace(',', ';')}")
    says(forecast(tmp_path), tmp_path / "t.csv", "no column 'a'", "It has: a;b")


def test_byte_order_mark_spaces_and_blank_lines_are_no_mistakes(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"\ufeffa , b\r\n{COUNT}\n\n", encoding="utf-8")
    assert len(forecast(tmp_path).load().train) == 18 - 4


def test_file_too_short_to_predict_from(tmp_path: Path) -> None:
    data = forecast(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(data.DataError, match="2 rows; a window takes 4"):
        data.inputs_for_prediction(tmp_path / "t.csv")


def test_policies_have_their_limits(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n,1\n" + COUNT)
    says(forecast(tmp_path, missing="forward_fill"), tmp_path / "t.csv", "'a'", "begins with")
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(f"{i}," for i in range(30)))
    says(forecast(tmp_path, missing="interpolate"), tmp_path / "t.csv", "'b'", "no value")
    says(forecast(tmp_path, missing="drop"), tmp_path / "t.csv", "none is left")


def test_class_ids_in_a_column(tmp_path: Path) -> None:
    inputs = {"x": (floats("B", 1), ("a",))}
    loss = "sparse_categorical_crossentropy"
    of = task(csv("t.csv"), inputs, floats("B", 3), ("b",), split=chronological(0.5, 0), loss=loss)
    data = program(of, tmp_path)
    for wrong in ("3", "-1", "0.5"):
        (tmp_path / "t.csv").write_text(f"a,b\n1,2\n2,{wrong}\n3,0\n")
        says(data, tmp_path / "t.csv", "column 'b'", f"holds {wrong} in row 2", "from 0 to 2")


def test_a_part_without_samples(tmp_path: Path) -> None:
    inputs = {"x": (floats("B", 1), ("a",))}
    of = task(csv("t.csv"), inputs, floats("B", 1), ("b",), split=chronological(0.6, 0.2))
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    says(program(of, tmp_path), tmp_path / "t.csv", "validation part", "empty", "1 rows in all")


# ------------------------------------------------------------------------------------------ arrays


def sequences(folder: Path) -> Any:
    """A program that reads x [B, 5, 2] and class ids y [B]."""
    inputs = {"x": (floats("B", 5, 2), ("x",))}
    of = task(npz("a.npz"), inputs, floats("B", 3), ("y",), loss="sparse_categorical_crossentropy")
    return program(of, folder)


X, Y = np.zeros((20, 5, 2)), np.arange(20) % 3
ARRAY_MISTAKES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "swapped axes": (
        {"x": X.swapaxes(1, 2), "y": Y},
        ["shape (20, 2, 5)", "declares [B, 5, 2]", "time and features swapped?"],
    ),
    "two axes": ({"x": X[0], "y": Y}, ["'x'", "shape (5, 2)", "declares [B, 5, 2]"]),
    "column of ids": ({"x": X, "y": Y[:, None]}, ["'y'", "shape (20, 1)", "declares [B]"]),
    "one-hot": ({"x": X, "y": np.eye(3)[Y]}, ["'y'", "shape (20, 3)", "declares [B]"]),
    "other length": ({"x": X, "y": Y[:-1]}, ["B is 20 in array 'x' but 19 in 'y'"]),
    "misspelt": ({"x": X, "yy": Y}, ["no array 'y'", "did you mean 'yy'?", "x, yy"]),
    "NaN": ({"x": np.full_like(X, np.nan), "y": Y}, ["'x'", "nan at [0, 0, 0]"]),
    "infinite": ({"x": np.full_like(X, -np.inf), "y": Y}, ["'x'", "-inf at [0, 0, 0]"]),
    "too large": ({"x": np.full_like(X, 1e300), "y": Y}, ["1e+300 at [0, 0, 0]", "for float32"]),
    "text": ({"x": X.astype(str), "y": Y}, ["'x'", "holds no numbers"]),
    "pickles": ({"x": X.astype(object), "y": Y}, ["not an npz file, or is damaged"]),
    "class too large": ({"x": X, "y": Y + 1}, ["'y'", "holds 3 at [2]", "from 0 to 2"]),
    "negative class": ({"x": X, "y": Y - 1}, ["'y'", "holds -1 at [0]"]),
    "no rows": ({"x": X[:0], "y": Y[:0]}, ["'x'", "no rows"]),
    "too few rows": ({"x": X[:1], "y": Y[:1]}, ["validation part", "1 samples in all"]),
}


@pytest.mark.parametrize("name", list(ARRAY_MISTAKES))
def test_npz(name: str, tmp_path: Path) -> None:
    arrays, parts = ARRAY_MISTAKES[name]
    np.savez(tmp_path / "a.npz", **arrays)
    says(sequences(tmp_path), tmp_path / "a.npz", *parts)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    data = sequences(tmp_path)
    says(data, tmp_path / "absent.npz", "cannot read", "No such file")
    (tmp_path / "text.npz").write_text("a,b\n1,2\n")
    says(data, tmp_path / "text.npz", "not an npz file")
    (tmp_path / "nothing.npz").write_bytes(b"")
    says(data, tmp_path / "nothing.npz", "not an npz file")
    np.save(tmp_path / "one.npy", X)
    says(data, tmp_path / "one.npy", "not an npz file")
    np.savez(tmp_path / "cut.npz", x=X, y=Y)
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    says(data, tmp_path / "cut.npz", "not an npz file, or is damaged")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("x.npy", "no array")
        archive.writestr("y.npy", "no array")
    says(data, tmp_path / "other.zip", "array 'x'", "holds no numbers")


def test_token_ids_outside_their_bound(tmp_path: Path) -> None:
    inputs = {"text": (tokens(7, "B", "T"), ("text",))}
    of = task(npz("a.npz"), inputs, floats("B", 1), ("y",))
    data = program(of, tmp_path)
    text = np.zeros((10, 4), np.int64)
    text[3, 1] = 7
    np.savez(tmp_path / "a.npz", text=text, y=np.zeros((10, 1)))
    says(data, tmp_path / "a.npz", "'text'", "holds 7 at [3, 1]", "from 0 to 6")
    np.savez(tmp_path / "a.npz", text=np.full((10, 4), 0.5), y=np.zeros((10, 1)))
    says(data, tmp_path / "a.npz", "holds 0.5 at [0, 0]", "not a whole number")


def test_a_series_in_an_array(tmp_path: Path) -> None:
    inputs = {"x": (floats("B", "T", 2), ("x",))}
    of = task(npy("a.npy"), inputs, floats("B", 2), ("x",), kind="ahead", windows=sliding(4))
    data = program(of, tmp_path)
    np.save(tmp_path / "a.npy", np.zeros((2, 100)))
    says(data, tmp_path / "a.npy", "(2, 100)", "declares [rows, 2]", "time and features swapped?")
    np.save(tmp_path / "a.npy", np.zeros((5, 2)))
    says(data, tmp_path / "a.npy", "training part", "3 of 5 rows", "4 rows and the one after")
    np.savez(tmp_path / "a.npz", x=np.zeros((100, 2)))
    says(data, tmp_path / "a.npz", "not an npy file")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shift": {"x": "no"}, "factor": {}}', "null"])
def test_a_scaling_that_does_not_fit(text: str, tmp_path: Path) -> None:
    data = forecast(tmp_path, scale=STANDARD)
    with pytest.raises(data.DataError, match="scaling kept with the weights"):
        data.Scaling.from_json(text)
