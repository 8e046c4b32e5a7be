"""The generated ``data.py`` at work: its numbers against plain loops."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends.data_program import data_file
from seqspec.ir.task import Data, Task
from seqspec.vocabulary.data import SCALINGS
from tests.behaviour.data_tasks import (
    MINMAX,
    STANDARD,
    chronological,
    csv,
    floats,
    npy,
    npz,
    program,
    randomly,
    setting,
    sliding,
    task,
    tokens,
)

ROWS = 40
RNG = np.random.default_rng(3)
TABLE = np.round(RNG.normal(10, 4, (ROWS, 3)), 3)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A csv file with columns a, b, c and one of text."""
    path = tmp_path / "table.csv"
    lines = [f"day {i},{a},{b},{c}" for i, (a, b, c) in enumerate(TABLE.tolist())]
    path.write_text("\n".join(["day,a,b,c", *lines]) + "\n")
    return path


def series(path: Path, **changes: Any) -> Task:
    """Two columns seen, the third one to be told."""
    given: dict[str, Any] = {
        "source": csv(path),
        "inputs": {"x": (floats("B", "T", 2), ("a", "b"))},
        "output": floats("B", 1),
        "target": ("c",),
        "kind": "ahead",
        "windows": sliding(3),
    }
    return task(**(given | changes))


# ----------------------------------------------------------------------------------------- windows


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("horizon", [1, 2])
def test_windows_ahead(table: Path, tmp_path: Path, stride: int, horizon: int) -> None:
    output = floats("B", 1) if horizon == 1 else floats("B", horizon)
    windows = sliding(3, stride=stride, horizon=horizon)
    data = program(series(table, windows=windows, output=output), tmp_path)
    dataset = data.load()
    bounds = [(0, 24), (24, 32), (32, 40)]
    for part, (start, end) in zip(
        (dataset.train, dataset.validation, dataset.test), bounds, strict=True
    ):
        x: list[Any] = []
        y: list[Any] = []
        for first in range(start, end - 3 - horizon + 1, stride):
            x.append(TABLE[first : first + 3, :2])
            y.append(TABLE[first + 3 : first + 3 + horizon, 2])
        assert len(part) == len(x)
        np.testing.assert_allclose(part.inputs[0], np.array(x), rtol=1e-6)
        np.testing.assert_allclose(part.target, np.array(y), rtol=1e-6)
        assert part.inputs[0].dtype == part.target.dtype == np.float32


def test_several_steps_and_columns_ahead(table: Path, tmp_path: Path) -> None:
    windows = sliding(3, horizon=2)
    of = series(table, windows=windows, output=floats("B", 2, 2), target=("a", "c"))
    part = program(of, tmp_path).load().train
    assert part.target.shape == (20, 2, 2)
    np.testing.assert_allclose(part.target[4], TABLE[7:9, [0, 2]], rtol=1e-6)


def test_one_step_ahead_with_a_time_axis(table: Path, tmp_path: Path) -> None:
    part = program(series(table, output=floats("B", 1, 1)), tmp_path).load().train
    np.testing.assert_allclose(part.target[4], TABLE[7:8, 2:], rtol=1e-6)


@pytest.mark.parametrize(("kind", "shift"), [("next_step", 1), ("same_step", 0)])
def test_a_target_for_each_step(table: Path, tmp_path: Path, kind: str, shift: int) -> None:
    of = series(table, kind=kind, output=floats("B", "T", 1), windows=sliding(3, stride=2))
    part = program(of, tmp_path).load().test
    starts = range(32, 40 - 3 - shift + 1, 2)
    assert len(part) == len(starts)
    for index, start in enumerate(starts):
        np.testing.assert_allclose(part.inputs[0][index], TABLE[start : start + 3, :2], rtol=1e-6)
        following = TABLE[start + shift : start + shift + 3, 2:]
        np.testing.assert_allclose(part.target[index], following, rtol=1e-6)


def test_windows_are_views(table: Path, tmp_path: Path) -> None:
    part = program(series(table), tmp_path).load().train
    assert np.shares_memory(part.inputs[0][0], part.inputs[0][1])
    assert not np.shares_memory(part.inputs[0], part.batch(np.arange(2))[0][0])


def test_a_plain_series_is_one_column(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(50.0))
    inputs = {"x": (floats("B", "T", 1), ("x",))}
    of = task(
        npy(tmp_path / "a.npy"), inputs, floats("B", 1), ("x",), kind="ahead", windows=sliding(4)
    )
    part = program(of, tmp_path).load().train
    assert part.inputs[0].shape == (26, 4, 1)
    assert part.target[0].tolist() == [4.0]


def test_no_window_crosses_a_cut(tmp_path: Path) -> None:
    path = tmp_path / "count.csv"
    path.write_text("n\n" + "\n".join(str(i) for i in range(100)))
    inputs = {"x": (floats("B", "T", 1), ("n",))}
    of = task(
        csv(path), inputs, floats("B", 2), ("n",), kind="ahead", windows=sliding(5, horizon=2)
    )
    dataset = program(of, tmp_path).load()
    ranges = {"train": (0, 59), "validation": (60, 79), "test": (80, 99)}
    for name, (low, high) in ranges.items():
        part = getattr(dataset, name)
        assert part.inputs[0].min() == low
        assert part.target.max() == high
        assert len(part) == high - low + 1 - 6


def test_prediction_reaches_the_end_of_the_file(table: Path, tmp_path: Path) -> None:
    data = program(series(table, scale=STANDARD, windows=sliding(3, stride=2)), tmp_path)
    dataset = data.load()
    seen_only = tmp_path / "later.csv"
    seen_only.write_text("b,a\n" + "\n".join(f"{b},{a}" for a, b, _ in TABLE.tolist()))
    (x,) = data.inputs_for_prediction(seen_only, dataset.scaling)
    assert x.shape == (ROWS - 2, 3, 2)
    scaling = dataset.scaling
    last = (TABLE[-3:, 0] - scaling.shift["a"]) / scaling.factor["a"]
    np.testing.assert_allclose(x[-1, :, 0], last, rtol=1e-5)


# ----------------------------------------------------------------------------------------- scaling


@pytest.mark.parametrize("scale", [STANDARD, MINMAX], ids=lambda s: s.name)
def test_scaling_is_fitted_on_the_training_part(table: Path, tmp_path: Path, scale: Any) -> None:
    data = program(series(table, scale=scale), tmp_path)
    dataset = data.load()
    train = TABLE[:24]
    if scale.name == "standard":
        shift, factor = train.mean(axis=0), train.std(axis=0)
    else:
        shift, factor = train.min(axis=0), train.max(axis=0) - train.min(axis=0)
    scaled = (TABLE - shift) / factor
    np.testing.assert_allclose(dataset.test.inputs[0][1], scaled[33:36, :2], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dataset.test.target[1], scaled[36, 2:], rtol=1e-5, atol=1e-6)
    original = dataset.scaling.invert_target(dataset.test.target)
    np.testing.assert_allclose(original[:, 0], TABLE[35:, 2], rtol=1e-5)
    kept = data.Scaling.from_json(dataset.scaling.to_json())
    assert kept.shift == dataset.scaling.shift
    assert kept.factor == dataset.scaling.factor


def test_a_given_scaling_is_used(table: Path, tmp_path: Path) -> None:
    data = program(series(table, scale=STANDARD), tmp_path)
    names = {"a": 1.0, "b": 2.0, "c": 3.0}
    given = data.Scaling(shift=names, factor=dict.fromkeys(names, 2.0))
    dataset = data.load(table, given)
    assert dataset.scaling is given
    np.testing.assert_allclose(dataset.train.target[0], (TABLE[3, 2:] - 3) / 2, rtol=1e-6)


def test_a_constant_column_is_shifted_only(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("n,k\n" + "\n".join(f"{i},0.1" for i in range(30)))
    inputs = {"x": (floats("B", "T", 2), ("n", "k"))}
    for scale in (STANDARD, MINMAX):
        of = task(
            csv(path),
            inputs,
            floats("B", 1),
            ("n",),
            kind="ahead",
            windows=sliding(2),
            scale=scale,
        )
        dataset = program(of, tmp_path).load()
        assert dataset.scaling.factor["k"] == 1.0
        np.testing.assert_allclose(dataset.train.inputs[0][..., 1], 0, atol=1e-7)


def test_scaling_of_arrays(tmp_path: Path) -> None:
    x, y = RNG.normal(5, 3, (20, 4, 2)), RNG.normal(-2, 7, (20, 1))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    inputs = {"x": (floats("B", "T", 2), ("x",))}
    of = task(npz(tmp_path / "a.npz"), inputs, floats("B", 1), ("y",), scale=STANDARD)
    data = program(of, tmp_path)
    dataset = data.load()
    mean, deviation = x[:12].mean(axis=(0, 1)), x[:12].std(axis=(0, 1))
    np.testing.assert_allclose(dataset.test.inputs[0], (x[16:] - mean) / deviation, rtol=1e-5)
    restored = data.Scaling.from_json(dataset.scaling.to_json()).invert_target(dataset.test.target)
    np.testing.assert_allclose(restored, y[16:], rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_pixels_are_scaled_by_what_they_are(tmp_path: Path, dtype: Any) -> None:
    images = RNG.integers(0, 200, (20, 4, 3)).astype(dtype)
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(20) % 3)
    inputs = {"x": (floats("B", 4, 3), ("x",))}
    of = task(
        npz(tmp_path / "a.npz"),
        inputs,
        floats("B", 3),
        ("y",),
        scale=setting(SCALINGS["pixels"]),
        loss="sparse_categorical_crossentropy",
    )
    data = program(of, tmp_path)
    dataset = data.load()
    assert dataset.train.inputs[0].dtype == np.float32
    np.testing.assert_allclose(dataset.train.inputs[0], images[:12] / 255, rtol=1e-6)
    kept = data.Scaling.from_json(dataset.scaling.to_json())
    (found,) = data.inputs_for_prediction(tmp_path / "a.npz", kept)
    np.testing.assert_allclose(found, images / 255, rtol=1e-6)


def test_class_ids_are_not_scaled(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("v,kind\n" + "\n".join(f"{i * 7},{i % 3}" for i in range(30)))
    of = task(
        csv(path),
        {"x": (floats("B", "T", 1), ("v",))},
        floats("B", "T", 3),
        ("kind",),
        kind="same_step",
        windows=sliding(4),
        scale=STANDARD,
        loss="sparse_categorical_crossentropy",
    )
    part = program(of, tmp_path).load().train
    assert part.target.dtype == np.int64
    assert part.target[5].tolist() == [2, 0, 1, 2]


# ------------------------------------------------------------------------------------------ splits


def test_random_split_deals_out_every_row_once(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(50.0)[:, None], y=np.arange(50.0)[:, None])

    def parts(seed: int) -> list[list[float]]:
        of = task(
            npz(tmp_path / "a.npz"),
            {"x": (floats("B", 1), ("x",))},
            floats("B", 1),
            ("y",),
            split=randomly(0.6, 0.2, seed),
        )
        dataset = program(of, tmp_path).load()
        kept = (dataset.train, dataset.validation, dataset.test)
        for part in kept:
            np.testing.assert_array_equal(part.inputs[0], part.target)
        return [part.target[:, 0].tolist() for part in kept]

    first = parts(0)
    assert [len(part) for part in first] == [30, 10, 10]
    assert sorted(row for part in first for row in part) == list(range(50))
    assert all(part == sorted(part) for part in first)
    assert parts(0) == first
    assert parts(1) != first


def test_parts_that_the_split_does_not_keep(table: Path, tmp_path: Path) -> None:
    dataset = program(series(table, split=chronological(0.8, 0.2)), tmp_path).load()
    assert not hasattr(dataset, "test")
    assert len(dataset.validation) == 8 - 3
    dataset = program(series(table, split=chronological(0.8, 0.0)), tmp_path).load()
    assert not hasattr(dataset, "validation")
    assert len(dataset.test) == 8 - 3
    assert len(dataset.train) == 32 - 3


# ---------------------------------------------------------------------------------- missing values

GAPS = ["1,1", "2,", "3,NaN", "4,4", ",5", "6,6", "7,7", "8,", "9,9", "10,10"]


def gaps(tmp_path: Path, missing: str, split: Any = None) -> Any:
    """The program for two columns with gaps, each row a sample."""
    path = tmp_path / "gaps.csv"
    path.write_text("a,b\n" + "\n".join(GAPS))
    of = task(
        csv(path),
        {"x": (floats("B", 1), ("a",))},
        floats("B", 1),
        ("b",),
        split=split or chronological(0.7, 0.0),
        missing=missing,
    )
    return program(of, tmp_path)


def test_missing_is_an_error_with_line_and_column(tmp_path: Path) -> None:
    data = gaps(tmp_path, "error")
    with pytest.raises(data.DataError, match=r"gaps\.csv, line 3, column 'b'.*missing"):
        data.load()


def test_drop(tmp_path: Path) -> None:
    dataset = gaps(tmp_path, "drop").load()
    assert dataset.train.inputs[0][:, 0].tolist() == [1, 4, 6, 7]
    assert dataset.test.target[:, 0].tolist() == [9, 10]


def test_forward_fill(tmp_path: Path) -> None:
    dataset = gaps(tmp_path, "forward_fill").load()
    assert dataset.train.inputs[0][:, 0].tolist() == [1, 2, 3, 4, 4, 6, 7]
    assert dataset.train.target[:, 0].tolist() == [1, 1, 1, 4, 5, 6, 7]
    assert dataset.test.target[:, 0].tolist() == [7, 9, 10]  # the past may be carried over


def test_interpolate_stays_within_its_part(tmp_path: Path) -> None:
    dataset = gaps(tmp_path, "interpolate").load()
    assert dataset.train.target[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert dataset.test.target[:, 0].tolist() == [9, 9, 10]  # not 8: 7 is another part's


@pytest.mark.parametrize("blank", ["", '""', "  ", "nan"])
def test_missing_in_a_table_of_one_column(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text("\n".join(["a", "1", blank, blank, "4", *"56789", "10", "", ""]))
    of = task(
        csv(path),
        {"x": (floats("B", 1), ("a",))},
        floats("B", 1),
        ("a",),
        split=chronological(0.5, 0.0),
        missing="interpolate",
    )
    dataset = program(of, tmp_path).load()
    assert dataset.train.target[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert dataset.test.target[:, 0].tolist() == [6, 7, 8, 9, 10]
    assert of.training is not None
    data = program(replace(of, training=replace(of.training, data=strict(of))), tmp_path)
    with pytest.raises(data.DataError, match=r"line 3, column 'a'.*missing"):
        data.load()


def strict(of: Task) -> Data:
    """The data of a task without a policy for missing values."""
    assert of.training is not None
    return replace(of.training.data, missing="error")


@pytest.mark.parametrize("missing", ["drop", "forward_fill", "interpolate"])
def test_missing_in_arrays(tmp_path: Path, missing: str) -> None:
    x = np.arange(24.0).reshape(12, 2)
    x[4, 1] = np.nan
    np.save(tmp_path / "a.npy", x)
    of = task(
        npy(tmp_path / "a.npy"),
        {"x": (floats("B", "T", 2), ("x",))},
        floats("B", 2),
        ("x",),
        kind="ahead",
        windows=sliding(2),
        split=chronological(0.5, 0.0),
        missing=missing,
    )
    part = program(of, tmp_path).load().train
    expected = {"drop": [10, 11], "forward_fill": [8, 7], "interpolate": [8, 9]}
    assert part.target[2].tolist() == expected[missing]


# ----------------------------------------------------------------------------------------- batches


def translation(tmp_path: Path) -> Any:
    """A program for two token inputs and a class id for each step."""
    source = RNG.integers(0, 9, (23, 6)).astype(np.uint8)
    previous = RNG.integers(0, 5, (23, 4)).astype(np.int32)
    target = RNG.integers(0, 4, (23, 4)).astype(np.uint8)
    np.savez(tmp_path / "pairs.npz", source=source, previous=previous, target=target)
    of = task(
        npz(tmp_path / "pairs.npz"),
        {
            "source": (tokens(9, "B", "S"), ("source",)),
            "previous": (tokens(5, "B", "T"), ("previous",)),
        },
        floats("B", "T", 4),
        ("target",),
        split=chronological(20 / 23, 0.0),
        loss="sparse_categorical_crossentropy",
        metrics=("accuracy",),
    )
    return program(of, tmp_path)


def test_batches_cover_a_part_once(tmp_path: Path) -> None:
    data = translation(tmp_path)
    part = data.load().train
    plain = list(data.batches(part, 8))
    assert [len(target) for _, target in plain] == [8, 8, 4]
    np.testing.assert_array_equal(np.concatenate([target for _, target in plain]), part.target)
    shuffled = list(data.batches(part, 8, np.random.default_rng([0, 1])))
    order = np.random.default_rng([0, 1]).permutation(20)
    np.testing.assert_array_equal(shuffled[1][0][0], part.inputs[0][order[8:16]])
    for inputs, target in shuffled:
        assert [array.dtype for array in (*inputs, target)] == [np.int64] * 3
        assert all(array.flags.c_contiguous for array in (*inputs, target))


def test_window_batches_are_contiguous(table: Path, tmp_path: Path) -> None:
    data = program(series(table), tmp_path)
    for inputs, target in data.batches(data.load().train, 7):
        assert inputs[0].flags.c_contiguous
        assert target.flags.c_contiguous


# ------------------------------------------------------------------------------------------ scores


def test_regression_scores(table: Path, tmp_path: Path) -> None:
    data = program(series(table, metrics=("mse",)), tmp_path)
    prediction, target = RNG.normal(size=(9, 1)), RNG.normal(size=(9, 1))
    errors = [p - t for p, t in zip(prediction[:, 0], target[:, 0], strict=True)]
    mse = sum(e * e for e in errors) / 9
    scores = data.score(prediction, target)
    assert list(scores) == ["mse", "rmse", "mae"]
    assert scores["mse"] == pytest.approx(mse)
    assert scores["rmse"] == pytest.approx(math.sqrt(mse))
    assert scores["mae"] == pytest.approx(sum(map(abs, errors)) / 9)


def test_accuracy_of_each_step(tmp_path: Path) -> None:
    data = translation(tmp_path)
    prediction, target = RNG.normal(size=(5, 4, 4)), RNG.integers(0, 4, (5, 4))
    hits = [
        max(range(4), key=lambda k, i=i, t=t: prediction[i, t, k]) == target[i, t]
        for i in range(5)
        for t in range(4)
    ]
    assert data.score(prediction, target) == {"accuracy": pytest.approx(sum(hits) / 20)}


@pytest.mark.parametrize(("from_logits", "expected"), [(True, 1.0), (False, 0.75)])
def test_accuracy_of_yes_and_no(
    table: Path, tmp_path: Path, from_logits: bool, expected: float
) -> None:
    data = program(series(table, loss="binary_crossentropy", from_logits=from_logits), tmp_path)
    prediction = np.array([[0.9], [0.2], [-0.3], [-0.1]])
    target = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert data.score(prediction, target) == {"accuracy": expected}


def test_accuracy_of_one_hot(tmp_path: Path, table: Path) -> None:
    output = floats("B", 3)
    of = series(
        table, loss="categorical_crossentropy", output=output, target=("a", "b", "c"), kind="ahead"
    )
    prediction = np.array([[0.1, 0.8, 0.1], [0.5, 0.2, 0.3]])
    target = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    data = program(of, tmp_path)
    assert data.score(prediction, target) == {"accuracy": 0.5}
    data.write_predictions(tmp_path / "p.csv", prediction)
    assert (tmp_path / "p.csv").read_text().split() == ["class", "1", "0"]


# ------------------------------------------------------------------------------------- predictions


def test_predictions_as_csv_and_npy(table: Path, tmp_path: Path) -> None:
    windows = sliding(3, horizon=2)
    of = series(table, windows=windows, output=floats("B", 2, 2), target=("a", "c"))
    data = program(of, tmp_path)
    prediction = np.arange(8, dtype=np.float32).reshape(2, 2, 2) / 3
    data.write_predictions(tmp_path / "p.csv", prediction)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "a_1,c_1,a_2,c_2"
    np.testing.assert_allclose(
        [float(field) for field in lines[2].split(",")], prediction[1].ravel(), rtol=1e-6
    )
    data.write_predictions(tmp_path / "p.npy", prediction)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), prediction)


def test_class_predictions(tmp_path: Path) -> None:
    data = translation(tmp_path)
    prediction = np.eye(4, dtype=np.float32)[None, [2, 0, 1, 3]]
    data.write_predictions(tmp_path / "p.csv", prediction)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines == ["target_1,target_2,target_3,target_4", "2,0,1,3"]


@pytest.mark.parametrize(
    ("shape", "header"),
    [
        ((1,), "y"),
        ((3,), "y_1,y_2,y_3"),
        (("T", 1), "y_1,y_2"),
        (("T", 2), "y_1_1,y_1_2,y_2_1,y_2_2"),
    ],
)
def test_headers_of_arrays(tmp_path: Path, shape: tuple[int | str, ...], header: str) -> None:
    inputs = {"x": (floats("B", "T", 2), ("x",))}
    data = program(task(npz("a.npz"), inputs, floats("B", *shape), ("y",)), tmp_path)
    prediction = np.zeros((4, *(size if isinstance(size, int) else 2 for size in shape)))
    data.write_predictions(tmp_path / "p.csv", prediction)
    assert (tmp_path / "p.csv").read_text().splitlines()[0] == header


def test_the_split_is_said_if_the_spec_leaves_it_out() -> None:
    of = series(Path("t.csv"), split=chronological(0.7, 0.15))
    said = "By default: split = chronological(train=70%, validation=15%)."
    assert said in data_file(of).text
    for section in ("data x { split = random() }", 'data x { a = "{" split=random() }'):
        assert said not in data_file(replace(of, spec_text=section)).text
    commented = "data x {\n # split = random()\n}"
    assert said in data_file(replace(of, spec_text=commented)).text


def test_a_failed_write_keeps_the_old_file(table: Path, tmp_path: Path) -> None:
    data = program(series(table), tmp_path)
    folder = tmp_path / "results"
    folder.mkdir()
    path = folder / "p.csv"
    path.write_text("old")
    with pytest.raises(TypeError):
        data.write_predictions(path, np.array([["text"]], dtype=object) + None)
    with pytest.raises(ValueError, match="format code"):
        data.write_predictions(path, np.array([["text"]]))
    assert path.read_text() == "old"
    assert [entry.name for entry in folder.iterdir()] == ["p.csv"]


# ------------------------------------------------------------------------------------- the program

HOSTILE = 'a"\'\\{{ 1 }}\n"""'


def variants() -> dict[str, Task]:
    """Tasks that together reach every branch of the templates."""
    two = {"x": (floats("B", "T", 2), ("a", "b"))}
    array = {"x": (floats("B", "T", 2), ("x",))}
    long = tuple(f"a_rather_long_column_name_{i}" for i in range(12))
    found = {
        "plain": series(Path("t.csv")),
        "scaled": series(Path("t.csv"), scale=STANDARD, windows=sliding(3, stride=2, horizon=4)),
        "hostile": series(
            Path(HOSTILE),
            inputs={"class": (floats("B", "T", 2), (HOSTILE, "b"))},
            target=(HOSTILE,),
            text=f"data x {{ {HOSTILE} }}",
        ),
        "long": series(Path("t" * 90), inputs={"x": (floats("B", "T", 12), long)}, scale=MINMAX),
        "delimiter": series(Path("t.csv"), source=csv("t.csv", delimiter='"')),
        "npy": task(npy("a.npy"), array, floats("B", "T", 2), ("x",), split=randomly(0.7, 0.0)),
        "arrays": task(npz("a.npz"), array, floats("B", 1), ("y",), scale=STANDARD),
        "train only": task(npz("a.npz"), array, floats("B", 1), ("y",), split=randomly(1.0, 0.0)),
    }
    for missing in ("drop", "forward_fill", "interpolate"):
        found[f"table {missing}"] = series(Path("t.csv"), missing=missing, scale=MINMAX)
        found[f"arrays {missing}"] = task(
            npz("a.npz"), array, floats("B", 3), ("y",), missing=missing, scale=MINMAX
        )
        found[f"classes {missing}"] = task(
            csv("t.csv"),
            {"x": (floats("B", 2), ("a", "b"))},
            floats("B", 3),
            ("k",),
            missing=missing,
            loss="sparse_categorical_crossentropy",
            split=randomly(),
        )
    for kind in ("next_step", "same_step"):
        found[kind] = series(Path("t.csv"), inputs=two, kind=kind, output=floats("B", "T", 1))
    return found


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    clean(tmp_path, *variants().values())


def clean(tmp_path: Path, *tasks: Task) -> None:
    """The programs are formatted as by ruff, and nothing in them is unused."""
    tmp_path.mkdir(exist_ok=True)
    for number, of in enumerate(tasks):
        (tmp_path / f"data_{number}.py").write_text(data_file(of).text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "100", "--target-version", "py311"]
    formatted = subprocess.run(
        [*ruff, "format", "--diff", *options, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout
    rules = ["--select", "B,C4,E,F,I,PIE,RET,SIM,UP,W", "--ignore", "E501"]
    linted = subprocess.run(
        [*ruff, "check", *options, *rules, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_only_what_the_spec_uses_is_generated() -> None:
    plain = data_file(variants()["plain"]).text
    for word in ("Scaling", "json", "isnan", "STRIDE", "HORIZON", "np.load", "int64"):
        assert word not in plain, word
    assert "sliding_window_view" not in data_file(variants()["arrays"]).text


@pytest.mark.parametrize("name", list(variants()))
def test_programs_import(name: str, tmp_path: Path) -> None:
    text = data_file(variants()[name]).text
    assert "import seqspec" not in text
    data = program(variants()[name], tmp_path)
    with pytest.raises(data.DataError, match="cannot read"):
        data.load(tmp_path / "nowhere")


def test_hostile_names_stay_data(tmp_path: Path) -> None:
    data = program(variants()["hostile"], tmp_path)
    assert Path(HOSTILE) == data.DATA_PATH
    assert data.CLASS_COLUMNS == (HOSTILE, "b")
