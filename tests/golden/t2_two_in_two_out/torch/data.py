"""Outlook: its data, split in file order, scaled and cut into windows.

    data station {
        source  = csv("../data/weather.csv")
        windows = sliding(steps=24, stride=6)
        scale   = standard()
        missing = forward_fill
    }

By default: split = chronological(train=70%, validation=15%).

Compiled by seqspec 0.1.0 from the spec t2_two_in_two_out.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

DATA_PATH = Path("../data/weather.csv")  # as in the spec, from the current folder
TEMP_COLUMNS = ("temp",)
WIND_SPEED_COLUMNS = ("wind_speed",)
WARMTH_COLUMNS = TEMP_COLUMNS
WIND_COLUMNS = WIND_SPEED_COLUMNS
OUTPUTS = ("warmth", "wind")  # of the model, with a target each
INPUT_COLUMNS = ("temp", "wind_speed")
COLUMNS = ("temp", "wind_speed")  # all that are read
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

STEPS = 24  # rows in a window
STRIDE = 6  # from window to window
TRAIN, VALIDATION = 0.7, 0.15  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]  # inputs, targets


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order. Arrays may be views into the series."""

    inputs: tuple[np.ndarray, ...]  # temp [B, 24, 1], wind_speed [B, 24, 1]
    targets: tuple[np.ndarray, ...]  # warmth [B, 1], wind [B, 24, 1]

    def __len__(self) -> int:
        return len(self.targets[0])

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        targets = tuple(np.ascontiguousarray(values[indices]) for values in self.targets)
        return inputs, targets


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
        for name in COLUMNS:
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

    def invert_targets(self, values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Predictions or targets of all outputs in original units."""
        warmth, wind = values
        return (self.invert(warmth, WARMTH_COLUMNS), self.invert(wind, WIND_COLUMNS))

    def invert(self, values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """Columns that stand side by side, in original units."""
        shift = np.array([self.shift[name] for name in names])
        factor = np.array([self.factor[name] for name in names])
        return values * factor + shift

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps({"shift": self.shift, "factor": self.factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift = {name: float(kept["shift"][name]) for name in COLUMNS}
            factor = {name: float(kept["factor"][name]) for name in COLUMNS}
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
    columns = read(path, INPUT_COLUMNS)
    rows = len(next(iter(columns.values())))
    if rows < STEPS:
        raise DataError(f"{path} has {rows} rows; a window takes {STEPS}")
    scaled = scaling.apply(columns)
    return (
        windows(stack(scaled, TEMP_COLUMNS), STEPS),
        windows(stack(scaled, WIND_SPEED_COLUMNS), STEPS),
    )


def batches(part: Part, size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """The part in batches, the last of which may be smaller; shuffled if given a generator."""
    order = np.arange(len(part)) if rng is None else rng.permutation(len(part))
    for start in range(0, len(part), size):
        yield part.batch(order[start : start + size])


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The windows of a part with what each output is compared with; views, not copies."""
    scaled = scaling.apply(part)
    temp = stack(scaled, TEMP_COLUMNS)
    wind_speed = stack(scaled, WIND_SPEED_COLUMNS)
    return Part(
        inputs=(windows(temp[:-1], STEPS, STRIDE), windows(wind_speed[:-1], STEPS, STRIDE)),
        targets=(temp[STEPS::STRIDE], windows(wind_speed[1:], STEPS, STRIDE)),
    )


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
            columns = read_columns(file, path, names)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a csv file: {error}") from None
    return forward_fill(columns, path)


def read_columns(file: TextIO, path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns as they stand; a missing value is NaN."""
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
    """The number in a field, NaN for a missing one."""
    text = text.strip()
    if text.lower() in MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{place}: {text!r:.40} is not a number") from None
    if not abs(value) <= LARGEST:
        raise DataError(f"{place}: {text!r:.40} is not a finite number, or too large for float32")
    return value


def forward_fill(columns: Arrays, path: Path) -> Arrays:
    """Puts the last known value wherever one is missing; nothing looks ahead."""
    return {name: filled(values, name, path) for name, values in columns.items()}


def filled(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    """One column, [rows], without gaps."""
    missing = np.isnan(values)
    if missing[0]:
        raise DataError(
            f"column {name!r} of {path} begins with a missing value: there is none to carry on"
        )
    return values[np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))]


def score(predictions: tuple[np.ndarray, ...], targets: tuple[np.ndarray, ...]) -> dict[str, float]:
    """Metrics of each output over all samples, in original units if all arrays are."""
    warmth, wind = predictions
    warmth_target, wind_target = targets
    warmth_error = warmth.astype(np.float64) - warmth_target
    wind_error = wind.astype(np.float64) - wind_target
    return {
        "warmth_mae": float(np.mean(np.abs(warmth_error))),
        "warmth_rmse": float(np.sqrt(np.mean(warmth_error**2))),
        "wind_mae": float(np.mean(np.abs(wind_error))),
        "wind_rmse": float(np.sqrt(np.mean(wind_error**2))),
    }


def write_predictions(path: Path, predictions: tuple[np.ndarray, ...]) -> None:
    """Writes a csv file with one line for each sample.

    A name that ends in .npz gets an array for each output. The file appears whole or not at all.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".npz":
            with partial.open("wb") as file:
                np.savez(file, **dict(zip(OUTPUTS, predictions, strict=True)))
        else:
            with partial.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines(predictions))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(predictions: tuple[np.ndarray, ...]) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first, counted from 1."""
    warmth, wind = predictions
    header = ["warmth"]
    header += [f"wind_{place + 1}" for place in range(wind.shape[1])]
    yield header
    tables = (values.reshape(len(values), -1).tolist() for values in (warmth, wind))
    for rows in zip(*tables, strict=True):
        yield [f"{value:.7g}" for row in rows for value in row]
