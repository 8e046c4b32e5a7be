"""Passengers: its data, split in file order, scaled and cut into windows.

    data flights {
        source  = csv("../data/airline.csv", columns=[passengers])
        windows = sliding(steps=12)
        target  = next_step()
        scale   = standard()
    }

By default: split = chronological(train=70%, validation=15%).

Compiled by seqspec 0.1.0 from the spec r6_feed_back.seq; yours to edit.
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

DATA_PATH = Path("../data/airline.csv")  # as in the spec, from the current folder
MONTHS_COLUMNS = ("passengers",)
TARGET_COLUMNS = MONTHS_COLUMNS
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

STEPS = 12  # rows in a window
TRAIN, VALIDATION = 0.7, 0.15  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order. Arrays may be views into the series."""

    inputs: tuple[np.ndarray, ...]  # months [B, T, 1]
    target: np.ndarray  # [B, T, 1]

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
        for name in MONTHS_COLUMNS:
            values = part[name]
            low, high = float(values.min()), float(values.max())
            shift[name] = float(values.mean())
            factor[name] = float(values.std()) if low < high else 1.0
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """The columns in scaled units."""
        return {
            name: (values - self.shift[name]) / self.factor[name] for name, values in part.items()
        }

    def invert_target(self, values: np.ndarray) -> np.ndarray:
        """Predictions or targets in original units."""
        shift = np.array([self.shift[name] for name in TARGET_COLUMNS])
        factor = np.array([self.factor[name] for name in TARGET_COLUMNS])
        return values * factor + shift

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps({"shift": self.shift, "factor": self.factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift = {name: float(kept["shift"][name]) for name in MONTHS_COLUMNS}
            factor = {name: float(kept["factor"][name]) for name in MONTHS_COLUMNS}
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
    parts = split(read(path, MONTHS_COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every window of a file.

    That includes the last window, after which nothing is known yet.
    Raises DataError if the file cannot be used.
    """
    columns = read(path, MONTHS_COLUMNS)
    rows = len(next(iter(columns.values())))
    if rows < STEPS:
        raise DataError(f"{path} has {rows} rows; a window takes {STEPS}")
    scaled = scaling.apply(columns)
    return (windows(stack(scaled, MONTHS_COLUMNS), STEPS),)


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The windows of a part with the step after each of their steps; views, not copies."""
    scaled = scaling.apply(part)
    months = stack(scaled, MONTHS_COLUMNS)
    return Part(inputs=(windows(months[:-1], STEPS),), target=windows(months[1:], STEPS))


def windows(rows: np.ndarray, length: int) -> np.ndarray:
    """Windows of so many rows as views: [rows, ...] -> [windows, length, ...]."""
    return np.moveaxis(sliding_window_view(rows, length, axis=0), -1, 1)


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
        if kept < STEPS + 1:
            raise DataError(
                f"the {name} part of {path} has {kept} of {count} rows, too few for one window: "
                f"it takes {STEPS} rows and the one after them"
            )
    return parts


def read(path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns of a csv file with a header line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return read_columns(file, path, names)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a csv file: {error}") from None


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


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples, in original units if both arrays are."""
    error = prediction.astype(np.float64) - target
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
    }


def write_predictions(path: Path, prediction: np.ndarray) -> None:
    """Writes a csv file with one line for each sample.

    A name that ends in .npy gets the bare array. The file appears whole or not at all.
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
    yield [f"{name}_{step + 1}" for step in range(prediction.shape[1]) for name in TARGET_COLUMNS]
    for row in prediction.reshape(len(prediction), -1).tolist():
        yield [f"{value:.7g}" for value in row]
