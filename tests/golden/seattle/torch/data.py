"""Seattle: its data, split in file order, scaled and cut into windows.

    data seattle {
        source  = csv("data/seattle.csv", columns=[temp_max, temp_min, wind, precipitation, kind])
        inputs  = [temp_max, temp_min, wind, precipitation]
        windows = sliding(steps=28, stride=7)
        target  = same_step([kind])
        split   = chronological(train=60%, validation=20%)
        scale   = standard()
    }

Compiled by seqspec 0.1.0 from the spec seattle.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

DATA_PATH = Path("data/seattle.csv")  # as in the spec, from the current folder
DAYS_COLUMNS = ("temp_max", "temp_min", "wind", "precipitation")
TARGET = "kind"
COLUMNS = (*DAYS_COLUMNS, TARGET)  # all that are read
BOUNDS = {"kind": 5}  # ids lie in [0, bound)
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

STEPS = 28  # rows in a window
STRIDE = 7  # from window to window
TRAIN, VALIDATION = 0.6, 0.2  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order. Arrays may be views into the series."""

    inputs: tuple[np.ndarray, ...]  # days [B, 28, 4]
    target: np.ndarray  # [B, 28]

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        return inputs, np.ascontiguousarray(self.target[indices])


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and deviation of each column over the training part."""

    shift: dict[str, float]
    factor: dict[str, float]

    @classmethod
    def fit(cls, part: Arrays) -> Scaling:
        """The scaling of a training part.

        What is constant there is shifted only. It is told by its range, which is exactly zero,
        while its deviation may be a little more than that, for rounding.
        """
        shift: dict[str, float] = {}
        factor: dict[str, float] = {}
        for name in DAYS_COLUMNS:
            values = part[name]
            low, high = float(values.min()), float(values.max())
            shift[name] = float(values.mean())
            factor[name] = float(values.std()) if low < high else 1.0
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """Those of the columns that are scaled, in scaled units."""
        return {
            name: (values - self.shift[name]) / self.factor[name]
            for name, values in part.items()
            if name in self.shift
        }

    def invert_target(self, values: np.ndarray) -> np.ndarray:
        """Predictions or targets in original units, which they have already."""
        return values

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps({"shift": self.shift, "factor": self.factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift = {name: float(kept["shift"][name]) for name in DAYS_COLUMNS}
            factor = {name: float(kept["factor"][name]) for name in DAYS_COLUMNS}
        except (ValueError, KeyError, TypeError):
            raise DataError("the scaling kept with the weights does not fit this data") from None
        return cls(shift, factor)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of the data and the scaling they are in."""

    train: Part
    validation: Part
    test: Part
    scaling: Scaling


def load(path: Path = DATA_PATH, scaling: Scaling | None = None) -> Dataset:
    """The data set in a file: split in file order, scaled and cut into windows.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every window of a file.

    That includes the last window, after which nothing is known yet.
    Raises DataError if the file cannot be used.
    """
    columns = read(path, DAYS_COLUMNS)
    rows = len(next(iter(columns.values())))
    if rows < STEPS:
        raise DataError(f"{path} has {rows} rows; a window takes {STEPS}")
    scaled = scaling.apply(columns)
    return (windows(stack(scaled, DAYS_COLUMNS), STEPS),)


def batches(part: Part, size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """The part in batches, the last of which may be smaller; shuffled if given a generator."""
    order = np.arange(len(part)) if rng is None else rng.permutation(len(part))
    for start in range(0, len(part), size):
        yield part.batch(order[start : start + size])


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The windows of a part with the target of each of their steps; views, not copies."""
    scaled = scaling.apply(part)
    days = stack(scaled, DAYS_COLUMNS)
    target = part[TARGET]
    return Part(inputs=(windows(days, STEPS, STRIDE),), target=windows(target, STEPS, STRIDE))


def windows(rows: np.ndarray, length: int, stride: int = 1) -> np.ndarray:
    """Windows of so many rows as views: [rows, ...] -> [windows, length, ...]."""
    return np.moveaxis(sliding_window_view(rows, length, axis=0), -1, 1)[::stride]


def stack(columns: Arrays, names: tuple[str, ...]) -> np.ndarray:
    """Columns side by side: [rows, columns]."""
    return np.stack([columns[name] for name in names], axis=-1).astype(np.float32)


def split(columns: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in file order before any window is made."""
    count = len(next(iter(columns.values())))
    ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
    parts = [
        {name: values[start:end] for name, values in columns.items()}
        for start, end in pairwise((0, *ends))
    ]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        kept = len(next(iter(part.values())))
        if kept < STEPS:
            raise DataError(
                f"the {name} part of {path} has {kept} of {count} rows, too few for one window: "
                f"it takes {STEPS} rows"
            )
    return parts


def read(path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns of a csv file with a header line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            columns = read_columns(file, path, names)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a csv file: {error}") from None
    for name, bound in BOUNDS.items():
        if name in columns:
            columns[name] = ids(columns[name], name, bound)
    return columns


def read_columns(file: TextIO, path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns as they stand."""
    numbered = numbered_lines(file)
    _, first = next(numbered, (1, []))
    header = [field.strip() for field in first]
    if not any(header):
        raise DataError(f"{path} is empty: there is no header line")
    places = [find(name, header, path) for name in names]
    table: list[list[float]] = []
    for line, fields in numbered:
        place = f"{path}, line {line}"
        if len(fields) != len(header):
            raise DataError(f"{place}: {len(fields)} fields under a header of {len(header)}")
        table.append([number(fields[at], f"{place}, column {header[at]!r}") for at in places])
    if not table:
        raise DataError(f"{path} has a header line but no rows")
    return dict(zip(names, np.ascontiguousarray(np.array(table).T), strict=True))


def numbered_lines(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line, with its number; blank lines at the end of the file are left out.

    Any other blank line has one empty field: in a table of one column, that is a missing value.
    """
    reader = csv.reader(file, strict=True)
    blank: list[int] = []
    for fields in reader:
        if fields:
            yield from ((line, [""]) for line in blank)
            blank.clear()
            yield reader.line_num, fields
        else:
            blank.append(reader.line_num)


def find(name: str, header: list[str], path: Path) -> int:
    """The place of a column in the header."""
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise DataError(f"{path} has more than one column {name!r}")
    near = get_close_matches(name, header, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    raise DataError(f"{path} has no column {name!r}{guess} It has: {', '.join(header)}")


def number(text: str, place: str) -> float:
    """The number in a field."""
    text = text.strip()
    if text.lower() in MISSING:
        raise DataError(f"{place}: the value is missing, and the spec has no `missing` policy")
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{place}: {text!r:.40} is not a number") from None
    if not abs(value) <= LARGEST:
        raise DataError(f"{place}: {text!r:.40} is not a finite number, or too large for float32")
    return value


def ids(values: np.ndarray, name: str, bound: int) -> np.ndarray:
    """The values as int64; they must be whole numbers from 0 up to the bound."""
    wrong = np.argwhere(~((values >= 0) & (values < bound) & (values % 1 == 0)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise DataError(
            f"column {name!r} holds {values[place]:g} in row {place[0] + 1} below the header: "
            f"not a whole number from 0 to {bound - 1}"
        )
    return values.astype(np.int64)


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples."""
    hits = prediction.argmax(axis=-1) == target
    return {
        "accuracy": float(np.mean(hits)),
    }


def write_predictions(path: Path, prediction: np.ndarray) -> None:
    """Writes a csv file with the most likely class of each sample.

    A name that ends in .npy gets all scores as an array. The file appears whole or not at all.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".npy":
            with partial.open("wb") as file:
                np.save(file, prediction)
        else:
            with partial.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines(prediction))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(prediction: np.ndarray) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first, counted from 1."""
    values = prediction.argmax(axis=-1)
    yield [f"{TARGET}_{place + 1}" for place in range(values.shape[1])]
    for row in values.reshape(len(prediction), -1).tolist():
        yield [str(value) for value in row]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target, 5) for part in parts]
    return {
        "kind": named([str(place) for place in range(5)], counts),
    }


def named(names: list[str], counts: list[np.ndarray]) -> dict[str, list[int]]:
    """The numbers of each class in all parts, under its name."""
    return dict(zip(names, np.transpose(counts).tolist(), strict=False))


def counted(target: np.ndarray, classes: int) -> np.ndarray:
    """The number of each class, counted some samples at a time: windows are many."""
    total = np.zeros(classes, np.int64)
    for start in range(0, len(target), 1024):
        rows = target[start : start + 1024]
        ids = rows
        total += np.bincount(ids.reshape(-1), minlength=classes)
    return total


def class_lines(counts: dict[str, dict[str, list[int]]]) -> list[str]:
    """The share of each class in each part, and which of them training sees hardly or never."""
    lines: list[str] = []
    for target, classes in counts.items():
        totals = [max(sum(numbers), 1) for numbers in zip(*classes.values(), strict=True)]
        ranked = sorted(classes, key=lambda name: -classes[name][0])
        lines.append(f"classes of {target}, in percent of the training / validation / test part:")
        for name in ranked if len(ranked) <= 10 else [*ranked[:5], *ranked[-4:]]:
            pairs = zip(classes[name], totals, strict=True)
            shares = "  ".join(f"{100 * number / total:5.1f}" for number, total in pairs)
            lines.append(f"{name:>12.12}  {shares}")
        if len(ranked) > 10:
            lines.append(f"  the most frequent and the rarest of {len(ranked)} are shown")
        absent = [name for name in ranked if classes[name][0] == 0]
        # Less than a tenth of what each would have if all were equally frequent.
        rare = [n for n in ranked if 0 < 10 * len(ranked) * classes[n][0] < totals[0]]
        for said, found in (("missing from", absent), ("rare in", rare)):
            if found:
                more = " and others" if len(found) > 5 else ""
                lines.append(f"  note: {said} the training part: {', '.join(found[:5])}{more}")
        if rare:
            lines.append("  class_weight=balanced in the loss makes up for rare ones")
    return lines
