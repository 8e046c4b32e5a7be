"""Several series in one table, and groups that stay together: against plain loops."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from seqspec.running.baseline import baselines
from seqspec.vocabulary.data import SPLITS
from tests.behaviour.data_tasks import (
    STANDARD,
    chronological,
    csv,
    floats,
    npz,
    program,
    randomly,
    setting,
    sliding,
    task,
    tokens,
)
from tests.behaviour.test_data_program import clean

#: series -> its rows; the values tell series and place
LENGTHS = {"JFK": 37, "EWR": 23, "LGA": 29}
BASE = {"JFK": 1000, "EWR": 2000, "LGA": 3000}
COLUMNS = ("a", "b")


def rows_of(station: str) -> list[tuple[Any, ...]]:
    """Station, hour, a, b: both columns say where they are from."""
    return [
        (station, h, BASE[station] + h, BASE[station] + 0.5 + h) for h in range(LENGTHS[station])
    ]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """All rows in disorder."""
    rows = [row for station in LENGTHS for row in rows_of(station)]
    random.Random(5).shuffle(rows)
    return write(tmp_path / "t.csv", "station,hour,a,b", rows)


def write(path: Path, header: str, rows: list[tuple[Any, ...]]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def stations(path: Path, folder: Path, **changes: Any) -> Any:
    """A program that reads windows of both columns, station by station."""
    given: dict[str, Any] = {"kind": "ahead", "windows": sliding(3)}
    output = changes.pop("output", floats("B", 1))
    source = changes.pop("source", csv(path, series="station", order="hour"))
    inputs = changes.pop("inputs", {"x": (floats("B", "T", 2), COLUMNS)})
    target = changes.pop("target", ("b",))
    return program(task(source, inputs, output, target, **(given | changes)), folder)


def by_series(**args: float) -> Any:
    return setting(SPLITS["by_series"], **({"train": 0.34, "validation": 0.33} | args))


def grouped(by: str, **args: float) -> Any:
    return setting(SPLITS["grouped"], by=by, **({"train": 0.6, "validation": 0.2} | args))


def appearance(path: Path) -> list[str]:
    """The stations, as they first appear in the file."""
    return list(dict.fromkeys(line.split(",")[0] for line in path.read_text().splitlines()[1:]))


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize(
    ("kind", "horizon", "output"),
    [
        ("ahead", 1, floats("B", 1)),
        ("ahead", 2, floats("B", 2)),
        ("ahead", 2, floats("B", 2, 1)),
        ("next_step", 1, floats("B", "T", 1)),
        ("same_step", 1, floats("B", "T", 1)),
    ],
)
def test_windows_stay_within_a_series_and_a_part(
    mixed: Path, tmp_path: Path, stride: int, kind: str, horizon: int, output: Any
) -> None:
    windows = sliding(3, stride=stride, horizon=horizon)
    dataset = stations(mixed, tmp_path, kind=kind, windows=windows, output=output).load()
    for part, (low, high) in {
        "train": (0, 0.6), "validation": (0.6, 0.8), "test": (0.8, 1),
    }.items():  # fmt: skip
        x: list[Any] = []
        y: list[Any] = []
        for station in appearance(mixed):
            table = np.array([row[2:] for row in rows_of(station)])
            count = len(table)
            begin, end = round(count * low), round(count * high)
            extra = {"ahead": horizon, "next_step": 1, "same_step": 0}[kind]
            for first in range(begin, end - 3 - extra + 1, stride):
                x.append(table[first : first + 3])
                after = {"ahead": first + 3, "next_step": first + 1, "same_step": first}[kind]
                y.append(table[after : after + (horizon if kind == "ahead" else 3), 1])
        found = getattr(dataset, part)
        inputs, target = found.batch(np.arange(len(found)))
        assert len(found) == len(x)
        np.testing.assert_array_equal(inputs[0], np.array(x, np.float32))
        np.testing.assert_array_equal(target.reshape(len(x), -1), np.array(y, np.float32))
        assert inputs[0].dtype == target.dtype == np.float32
        few, _ = found.batch(np.array([2, 0]))
        np.testing.assert_array_equal(few[0], np.array([x[2], x[0]], np.float32))


def test_windows_are_cut_out_when_asked_for(mixed: Path, tmp_path: Path) -> None:
    part = stations(mixed, tmp_path).load().train
    assert part.inputs[0].rows.shape == (round(37 * 0.6) + round(23 * 0.6) + round(29 * 0.6), 2)
    assert part.inputs[0][2:5].shape == (3, 3, 2)


def test_dates_are_an_order(tmp_path: Path) -> None:
    dates = ["2013-01-01T01:00+02:00", "2013-01-01 00:30", "2012-12-31", "2013-01-02 00:00:01"]
    rows = [("JFK", dates[i % 4] if i < 4 else f"2014-01-01 00:00:{i:02}", i, i) for i in range(40)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    part = stations(path, tmp_path).load().train
    assert part.inputs[0].rows[:5, 0].tolist() == [2, 0, 1, 3, 4]


def test_order_without_series(tmp_path: Path) -> None:
    rows = [("x", -h, h, h) for h in range(40)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    data = stations(path, tmp_path, source=csv(path, order="hour"))
    assert data.load().train.inputs[0][0, :, 0].tolist() == [39, 38, 37]
    inputs, origins = data.inputs_for_prediction(path)
    assert inputs[0][0, :, 0].tolist() == [39, 38, 37]
    assert origins[0] == ["38"]


def test_file_order_is_kept_without_an_order(tmp_path: Path) -> None:
    rows = [(s, 0, i, i) for i in range(30) for s in ("one", "two")]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    part = stations(path, tmp_path, source=csv(path, series="station")).load().train
    assert part.inputs[0].rows[:, 0].tolist() == [*range(18), *range(18)]


# ------------------------------------------------------------------------------------------ splits


def test_whole_series_are_dealt_out(mixed: Path, tmp_path: Path) -> None:
    dataset = stations(mixed, tmp_path, split=by_series(seed=4)).load()
    parts = (dataset.train, dataset.validation, dataset.test)
    seen = [set((part.inputs[0].rows[:, 0] // 1000).tolist()) for part in parts]
    assert sorted(number for numbers in seen for number in numbers) == [1, 2, 3]
    lengths = {len(rows_of(s)) for s in LENGTHS}
    assert {len(part.inputs[0].rows) for part in parts} == lengths
    others = [stations(mixed, tmp_path, split=by_series(seed=s)).load() for s in range(6)]
    assert len({len(other.test) for other in others}) > 1


def patients(folder: Path, *, torn: bool = False) -> Path:
    """Ten recordings of five patients."""
    rows: list[tuple[Any, ...]] = []
    for recording in range(10):
        for hour in range(12):
            patient = f"p{recording // 2}"
            if torn and recording == 7 and hour == 5:
                patient = "p0"
            rows.append((f"r{recording}", hour, recording // 2, recording, patient))
    return write(folder / "t.csv", "station,hour,a,b,patient", rows)


@pytest.mark.parametrize("windowed", [True, False])
def test_groups_stay_together(tmp_path: Path, windowed: bool) -> None:
    path = patients(tmp_path)
    if windowed:
        data = stations(path, tmp_path, split=grouped("patient", seed=1))
    else:
        inputs = {"x": (floats("B", 2), COLUMNS)}
        of = task(csv(path), inputs, floats("B", 1), ("b",), split=grouped("patient", seed=1))
        data = program(of, tmp_path)
    dataset = data.load()
    seen: list[set[float]] = []
    for part in (dataset.train, dataset.validation, dataset.test):
        (x,), _ = part.batch(np.arange(len(part)))
        seen.append(set(x[..., 0].reshape(-1).tolist()))
    assert [len(s) for s in seen] == [3, 1, 1]
    assert set.union(*seen) == {0, 1, 2, 3, 4}


def test_a_series_in_two_groups(tmp_path: Path) -> None:
    path = patients(tmp_path, torn=True)
    data = stations(path, tmp_path, split=grouped("patient"))
    with pytest.raises(data.DataError, match=r"series 'r7' .* more than one group: patient is p0"):
        data.load()


@pytest.mark.parametrize("names", [np.array([f"p{i // 4}" for i in range(40)]), np.arange(40) // 4])
def test_groups_of_samples(tmp_path: Path, names: Any) -> None:
    x = np.repeat(np.arange(10), 4)[:, None, None] * np.ones((40, 5, 2))
    np.savez(tmp_path / "a.npz", x=x, y=x[:, 0, :1], who=names)
    inputs = {"x": (floats("B", 5, 2), ("x",))}
    of = task(
        npz("a.npz"), inputs, floats("B", 1), ("y",), split=grouped("who"), scale=STANDARD,
        missing="drop",
    )  # fmt: skip
    data = program(of, tmp_path)
    dataset = data.load(tmp_path / "a.npz")
    seen = [set(p.target[:, 0].tolist()) for p in (dataset.train, dataset.validation, dataset.test)]
    assert [len(s) for s in seen] == [6, 2, 2]
    assert len(set.union(*seen)) == 10
    assert len(data.inputs_for_prediction(tmp_path / "a.npz", dataset.scaling)[0]) == 40
    np.savez(tmp_path / "a.npz", x=x, y=x[:, 0, :1], who=names[:-1])
    with pytest.raises(data.DataError, match="B is 40 in array 'x' but 39 in 'who'"):
        data.load(tmp_path / "a.npz")


def test_too_few_groups(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,patient", [(1, 2, "p"), (3, 4, "p")])
    inputs = {"x": (floats("B", 1), ("a",))}
    of = task(csv(path), inputs, floats("B", 1), ("b",), split=grouped("patient"))
    data = program(of, tmp_path)
    with pytest.raises(data.DataError, match=r"validation part of .* is empty: 1 groups in all"):
        data.load()


# ----------------------------------------------------------------- missing values, scaling, lengths


def test_values_are_filled_from_their_own_series(tmp_path: Path) -> None:
    rows = [(s, h, "" if s == "two" and h in (4, 5) else base + h, 0)
            for h in range(20) for s, base in (("one", 100), ("two", 200))]  # fmt: skip
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    filled = stations(path, tmp_path, missing="forward_fill").load().train.inputs[0].rows
    assert filled[12:18, 0].tolist() == [200, 201, 202, 203, 203, 203]
    between = stations(path, tmp_path, missing="interpolate").load().train.inputs[0].rows
    np.testing.assert_allclose(between[12:18, 0], [200, 201, 202, 203, 204, 205])


def test_a_series_that_begins_without_a_value(tmp_path: Path) -> None:
    rows = [
        (s, h, "" if s == "two" and h == 0 else h, 0) for s in ("one", "two") for h in range(20)
    ]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    data = stations(path, tmp_path, missing="forward_fill")
    with pytest.raises(data.DataError, match=r"column 'a' of series 'two' in .* begins with"):
        data.load()


def test_scaling_is_fitted_on_the_training_rows_of_all_series(mixed: Path, tmp_path: Path) -> None:
    data = stations(mixed, tmp_path, scale=STANDARD)
    dataset = data.load()
    kept = [row[3] for s, n in LENGTHS.items() for row in rows_of(s)[: round(n * 0.6)]]
    assert dataset.scaling.shift["b"] == pytest.approx(np.mean(kept))
    assert dataset.scaling.factor["b"] == pytest.approx(np.std(kept))
    inputs, target = dataset.test.batch(np.arange(1))
    first = rows_of(appearance(mixed)[0])
    begin = round(len(first) * 0.8)
    back = dataset.scaling.invert_target(target)
    assert back[0, 0] == pytest.approx(first[begin + 3][3], rel=1e-5)
    assert inputs[0][0, 0, 1] == pytest.approx((first[begin][3] - np.mean(kept)) / np.std(kept))


def test_short_series_are_said_not_crashed(tmp_path: Path, capsys: Any) -> None:
    rows = [("long", h, h, h) for h in range(40)] + [("short", h, h, h) for h in range(3)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    data = stations(path, tmp_path)
    dataset = data.load()
    said = capsys.readouterr().err
    assert "note: 1 of 2 series have fewer than 4 rows in the training part" in said
    assert said.splitlines()[0].endswith("left out there: short")
    assert len(dataset.train) == 24 - 3
    inputs, origins = data.inputs_for_prediction(path)
    assert len(inputs[0]) == len(origins) == 38 + 1  # the short one has a window, not a target
    few = write(tmp_path / "few.csv", "station,hour,a,b", [("s", h, h, h) for h in range(2)])
    with pytest.raises(data.DataError, match="no series has 4 rows in a row"):
        data.load(few)
    with pytest.raises(data.DataError, match="no series has 3 rows in a row"):
        data.inputs_for_prediction(few)


MISTAKES = {
    "the same hour twice": (("JFK", 7, 0, 0), "1 and 41 .*series 'JFK' and have the same 'hour'"),
    "no hour": (("JFK", "", 0, 0), "line 42, column 'hour': the value is missing"),
    "an hour of words": (("JFK", "noon", 0, 0), "line 42, column 'hour': 'noon' is neither"),
    "no name": ((" ", 99, 0, 0), "line 42, column 'station': the name is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(MISTAKES))
def test_rows_without_a_place(name: str, tmp_path: Path) -> None:
    row, message = MISTAKES[name]
    rows = [("JFK", h, h, h) for h in range(7, 47)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", [*rows, row])
    data = stations(path, tmp_path)
    with pytest.raises(data.DataError, match=message):
        data.load()


def test_a_wrong_id_is_told_by_its_place_in_the_file(tmp_path: Path) -> None:
    rows = [("JFK", -h, 9 if h == 4 else h % 3, h) for h in range(40)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    inputs = {"x": (tokens(3, "B", "T"), ("a",))}
    data = stations(path, tmp_path, inputs=inputs)
    with pytest.raises(data.DataError, match="column 'a' holds 9 in row 5 below the header"):
        data.load()


def test_a_series_told_by_a_number_that_is_an_input_too(tmp_path: Path) -> None:
    rows = [(s, h, s, h) for h in range(20) for s in (0, 1)]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    inputs = {"x": (tokens(2, "B", "T"), ("station",))}
    data = stations(path, tmp_path, inputs=inputs)
    assert not hasattr(data, "LABELS")
    part = data.load().train
    assert part.inputs[0][:].tolist() == [[0] * 3] * 9 + [[1] * 3] * 9
    assert data.inputs_for_prediction(path)[1][0] == ["0", "5"]


# ------------------------------------------------------------------------ predictions and baselines


def test_predictions_name_their_series_and_row(mixed: Path, tmp_path: Path) -> None:
    data = stations(mixed, tmp_path)
    inputs, origins = data.inputs_for_prediction(mixed)
    assert len(inputs[0]) == len(origins) == sum(LENGTHS.values()) - 2 * len(LENGTHS)
    lines = mixed.read_text().splitlines()
    for window, (station, row) in zip(inputs[0][:], origins, strict=True):
        fields = lines[int(row)].split(",")
        assert fields[0] == station
        assert float(fields[2]) == window[-1, 0]
    data.write_predictions(tmp_path / "p.csv", inputs[0][:][:, -1, :1], origins)
    written = (tmp_path / "p.csv").read_text().splitlines()
    assert written[0] == "station,row,b"
    assert written[1] == ",".join([*origins[0], f"{inputs[0][:1][0, -1, 0]:.7g}"])


def test_rows_name_themselves(mixed: Path, tmp_path: Path) -> None:
    inputs = {"x": (floats("B", 2), COLUMNS)}
    data = stations(mixed, tmp_path, inputs=inputs, windows=None, kind="row", split=randomly())
    (x,), origins = data.inputs_for_prediction(mixed)
    lines = mixed.read_text().splitlines()
    for values, (_, row) in zip(x, origins, strict=True):
        assert lines[int(row)].split(",")[2:] == [f"{values[0]:g}", f"{values[1]:g}"]


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    inputs = {"x": (floats("B", "T", 2), COLUMNS)}
    rows = {"x": (floats("B", 2), COLUMNS), "n": (tokens(3, "B"), ("c",))}
    sources = [
        csv("t.csv", series="s"),
        csv("t.csv", series="s", order="h"),
        csv("t.csv", order="h"),
    ]
    found: list[Task] = []
    for source in sources:
        splits = [chronological()]
        if source.args["series"]:
            splits += [by_series(), grouped("g"), chronological(0.9, 0.1)]
        for split in splits:
            windows = sliding(3, stride=2, horizon=2)
            found.append(
                task(source, inputs, floats("B", 2), ("b",), kind="ahead", windows=windows,
                     split=split, missing="interpolate", scale=STANDARD)
            )  # fmt: skip
            found.append(task(source, rows, floats("B", 1), ("b",), split=split, missing="drop"))
            found.append(
                task(source, inputs, floats("B", "T", 1), ("b",), kind="next_step",
                     windows=sliding(3), split=split, missing="forward_fill")
            )  # fmt: skip
    arrays = {"x": (floats("B", 5, 2), ("x",))}
    for missing in ("error", "drop", "forward_fill", "interpolate"):
        found.append(
            task(npz("a.npz"), arrays, floats("B", 1), ("y",), split=grouped("who"),
                 missing=missing, scale=STANDARD)
        )  # fmt: skip
        found.append(
            task(csv("t.csv"), rows, floats("B", 1), ("b",), split=grouped("g"), missing=missing)
        )
    several = {**inputs, "c": (floats("B", 2, 2), ("d", "e")), "s": (floats("B", 1), ("f",))}
    for scale in (None, STANDARD):
        found.append(
            task(sources[1], several, floats("B", 2), ("b",), kind="ahead", scale=scale,
                 windows=sliding(3, horizon=2), ahead=("c",), static=("s",))
        )  # fmt: skip
    clean(tmp_path, *found)


def in_three_places(path: Path, folder: Path, **changes: Any) -> Any:
    """A program of a window, a calendar ahead of it, and one number for each station."""
    inputs = {
        "x": (floats("B", 3, 1), ("b",)),
        "calendar": (floats("B", 2, 1), ("a",)),
        "size": (floats("B", 1), ("size",)),
    }
    given: dict[str, Any] = {"ahead": ("calendar",), "windows": sliding(3, horizon=2)}
    return stations(path, folder, inputs=inputs, output=floats("B", 2), **(given | changes))


@pytest.fixture
def sized(tmp_path: Path) -> Path:
    sizes = {"JFK": 5, "EWR": 7, "LGA": 2}
    rows = [(*row, sizes[station]) for station in LENGTHS for row in rows_of(station)]
    random.Random(5).shuffle(rows)
    return write(tmp_path / "t.csv", "station,hour,a,b,size", rows)


@pytest.mark.parametrize("stride", [1, 4])
def test_inputs_ahead_and_beside(sized: Path, tmp_path: Path, stride: int) -> None:
    windows = sliding(3, horizon=2, stride=stride)
    part = in_three_places(sized, tmp_path, windows=windows, static=("size",)).load().train
    (x, calendar, size), target = part.batch(np.arange(len(part)))
    assert len(part) == sum(len(range(0, round(n * 0.6) - 4, stride)) for n in LENGTHS.values())
    np.testing.assert_array_equal(calendar[:, 0, 0], x[:, -1, 0] - 0.5 + 1)
    np.testing.assert_array_equal(calendar[:, 1, 0], x[:, -1, 0] - 0.5 + 2)
    np.testing.assert_array_equal(target, calendar[:, :, 0] + 0.5)
    expected = {1: 5, 2: 7, 3: 2}
    assert [expected[int(v)] for v in x[:, 0, 0] // 1000] == size[:, 0].tolist()


def test_predictions_know_the_steps_ahead(sized: Path, tmp_path: Path) -> None:
    data = in_three_places(sized, tmp_path, static=("size",), missing="forward_fill")
    lines = sized.read_text().splitlines()
    # The last two hours of each station are to come: only the calendar is known.
    coming = {(s, str(h)) for s, n in LENGTHS.items() for h in (n - 2, n - 1)}
    cut = [f.split(",") for f in lines[1:]]
    rows = [(*f[:3], "" if (f[0], f[1]) in coming else f[3], f[4]) for f in cut]
    path = write(tmp_path / "future.csv", lines[0], rows)
    inputs, origins = data.inputs_for_prediction(path)
    assert len(inputs[0]) == sum(LENGTHS.values()) - 4 * len(LENGTHS)
    last = [i for i, (s, row) in enumerate(origins) if int(rows[int(row) - 1][1]) == LENGTHS[s] - 3]
    assert len(last) == 3
    for i in last:
        assert inputs[1][i : i + 1][0, :, 0].tolist() == [
            inputs[0][i : i + 1][0, -1, 0] - 0.5 + k for k in (1, 2)
        ]


@pytest.mark.parametrize("horizon", [1, 2])
def test_steps_ahead_of_a_single_series(tmp_path: Path, horizon: int) -> None:
    path = write(tmp_path / "t.csv", "a,b", [(h, 100 + h) for h in range(50)])
    inputs = {"x": (floats("B", 3, 1), ("b",)), "c": (floats("B", horizon, 1), ("a",))}
    of = task(
        csv(path), inputs, floats("B", horizon), ("b",), kind="ahead", ahead=("c",),
        windows=sliding(3, horizon=horizon, stride=2), scale=STANDARD,
    )  # fmt: skip
    data = program(of, tmp_path)
    dataset = data.load()
    (x, calendar), target = dataset.train.batch(np.arange(len(dataset.train)))
    assert len(x) == len(calendar) == len(range(0, 30 - 3 - horizon + 1, 2))
    spread = dataset.scaling.factor["a"]
    np.testing.assert_allclose(calendar[:, :, 0], target, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(calendar[:, 0, 0] - x[:, -1, 0], 1 / spread, rtol=1e-4)
    ahead = data.inputs_for_prediction(path, dataset.scaling)
    assert len(ahead[0]) == len(ahead[1]) == 50 - 3 - horizon + 1
    clean(tmp_path / "c", of)


def test_what_is_not_constant_in_a_series(sized: Path, tmp_path: Path) -> None:
    data = in_three_places(sized, tmp_path, static=("size",))
    lines = sized.read_text().splitlines()
    changed = [line + "5" if line.startswith("EWR,9,") else line for line in lines]
    sized.write_text("\n".join(changed) + "\n")
    with pytest.raises(
        data.DataError, match="'size' is not the same all through series 'EWR': 7 in"
    ):
        data.load()
    with pytest.raises(data.DataError, match="75 in row"):
        data.inputs_for_prediction(sized)


def test_baselines_stay_within_a_series(tmp_path: Path) -> None:
    season = [0, 5, 9, 2, 7]
    rows = [
        (s, h, base + season[h % 5], 0) for s, base in (("one", 0), ("two", 500)) for h in range(90)
    ]
    path = write(tmp_path / "t.csv", "station,hour,a,b", rows)
    inputs = {"x": (floats("B", "T", 1), ("a",))}
    of = task(
        csv(path, series="station", order="hour"), inputs, floats("B", 2), ("a",),
        kind="ahead", windows=sliding(7, horizon=2), split=chronological(),
    )  # fmt: skip
    data = program(of, tmp_path)
    dataset = data.load()
    best, other = baselines(of, dataset.train, dataset.test, data.score)
    assert best.name == "value 5 steps before"
    assert best.scores["rmse"] == 0
    assert other.name == "last value"
    assert 0 < other.scores["rmse"] < 10
