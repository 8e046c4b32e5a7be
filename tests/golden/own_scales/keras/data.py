"""Airports: its data, split in order within each series, scaled and cut into windows.

    data airports {
        source  = csv("../../../examples/data/stations.csv", series=station, order=time)
        inputs  = feed(hours=[temp, dewp, humid], place=[lat, lon])
        windows = sliding(steps=24, stride=6, horizon=6)
        split   = chronological(train=70%, validation=15%)
        scale   = standard(per=series)
        augment = [jitter(stddev=0.05)]
        missing = forward_fill
    }

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

DATA_PATH = Path("../../../examples/data/stations.csv")  # as in the spec, from the current folder
SERIES = "station"  # rows that share it are one series
ORDER = "time"  # the rows of a series are sorted by it
LABELS = (SERIES,)  # columns read as text
STATIC = ("lat", "lon")  # one value for each series
ROW = "row"  # the place of a row in the file, from 1
ORIGIN = (SERIES, ROW)  # what tells a prediction
HOURS_COLUMNS = ("temp", "dewp", "humid")
PLACE_COLUMNS = ("lat", "lon")
OUTPUTS = ("temp", "dewp")  # of the model, with a target each
INPUT_COLUMNS = ("temp", "dewp", "humid", "lat", "lon")
COLUMNS = ("temp", "dewp", "humid", "lat", "lon")  # all that are read
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

STEPS = 24  # rows in a window
STRIDE = 6  # from window to window
HORIZON = 6  # rows to predict after a window
JITTER = 0.05  # deviation of the noise in training, in scaled units
TRAIN, VALIDATION = 0.7, 0.15  # of the rows of each series, in order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]  # inputs, targets
Origins = list[list[str]]  # what each sample has under the names of ORIGIN


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows into the rows of several series, cut out when asked for: [windows, length, ...]."""

    rows: np.ndarray  # the rows of all series, one series after the other
    first: np.ndarray  # the row that each window begins with
    length: int

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, places: np.ndarray | slice) -> np.ndarray:
        return windows(self.rows, self.length)[self.first[places]]


Inputs = tuple[Windows | np.ndarray, ...]  # one for each input of the model


@dataclass(frozen=True, eq=False)
class Part:
    """Samples, one series after the other."""

    inputs: Inputs  # hours [B, 24, 3], place [B, 2]
    targets: tuple[np.ndarray, ...]  # temp [B, 6], dewp [B, 6]
    series: np.ndarray  # [B], what each sample is a part of

    def __len__(self) -> int:
        return len(self.targets[0])

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        targets = tuple(np.ascontiguousarray(values[indices]) for values in self.targets)
        return inputs, targets


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and deviation of each column in each series over the training part."""

    shift: dict[str, dict[str, float]]  # of a column, of a series
    factor: dict[str, dict[str, float]]

    @classmethod
    def fit(cls, part: Arrays) -> Scaling:
        """The scaling of a training part. What is constant in a series is shifted only there.

        What has one value for each series is scaled over all of them: alone, each would be zero.
        """
        shift: dict[str, dict[str, float]] = {}
        factor: dict[str, dict[str, float]] = {}
        pieces = stretches(part[SERIES])
        series = [str(part[SERIES][begin]) for begin, _ in pieces]
        for name in COLUMNS:
            if name in STATIC:
                found = [fitted(part[name])] * len(pieces)
            else:
                found = [fitted(part[name][begin:end]) for begin, end in pieces]
            shift[name] = {one: number for one, (number, _) in zip(series, found, strict=True)}
            factor[name] = {one: number for one, (_, number) in zip(series, found, strict=True)}
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """Those of the columns that are scaled, in scaled units."""
        series = part[SERIES]
        return {
            name: (part[name] - by_series(shift, series)) / by_series(self.factor[name], series)
            for name, shift in self.shift.items()
            if name in part
        }

    def invert_targets(
        self, values: tuple[np.ndarray, ...], series: Sequence[str] | np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Predictions or targets of all outputs in original units; a series for each sample."""
        temp, dewp = values
        return (self.invert(temp, ("temp",), series), self.invert(dewp, ("dewp",), series))

    def invert(
        self, values: np.ndarray, names: tuple[str, ...], series: Sequence[str] | np.ndarray
    ) -> np.ndarray:
        """Columns that stand side by side, or the only one, in original units."""
        shape = (len(series), *(1,) * (values.ndim - 2), len(names))[: values.ndim]
        shift = np.stack([by_series(self.shift[name], series) for name in names], axis=-1)
        factor = np.stack([by_series(self.factor[name], series) for name in names], axis=-1)
        return values * factor.reshape(shape) + shift.reshape(shape)

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps({"shift": self.shift, "factor": self.factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift, factor = (
                {
                    name: {str(series): float(number) for series, number in found[name].items()}
                    for name in COLUMNS
                }
                for found in (kept["shift"], kept["factor"])
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError("the scaling kept with the weights does not fit this data") from None
        return cls(shift, factor)


def fitted(values: np.ndarray) -> tuple[float, float]:
    """Mean and deviation, the latter 1 for what is constant."""
    low, high = float(values.min()), float(values.max())
    return float(values.mean()), float(values.std()) if low < high else 1.0


def by_series(found: dict[str, float], series: Sequence[str] | np.ndarray) -> np.ndarray:
    """What was found on the training part for the series of each row.

    Raises DataError for a series of which nothing is known.
    """
    names, places = np.unique(series, return_inverse=True)
    unknown = [str(name) for name in names if str(name) not in found]
    if unknown:
        raise DataError(
            f"nothing is known of the scale of series {unknown[0]!r}: "
            "no row of it was in the training part"
        )
    return np.array([found[str(name)] for name in names])[places]


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of the data and the scaling they are in."""

    train: Part
    validation: Part
    test: Part
    scaling: Scaling


def load(path: Path = DATA_PATH, scaling: Scaling | None = None) -> Dataset:
    """The data set in a file: split in order within each series, scaled and cut into windows.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[Inputs, Origins]:
    """The model's inputs for every window of a file, and what tells each.

    That includes the last window, after which nothing is known yet.
    Raises DataError if the file cannot be used.
    """
    columns = read(path, INPUT_COLUMNS)
    check_lengths(columns[SERIES], STEPS, str(path))
    first = starts(columns[SERIES], STEPS)
    scaled = scaling.apply(columns)
    inputs = (
        Windows(stack(scaled, HOURS_COLUMNS), first, STEPS),
        stack(scaled, PLACE_COLUMNS)[first],
    )
    return inputs, origins(columns, first + STEPS - 1)


def augmented(batch: Batch, key: int) -> Batch:
    """A batch of training samples, with noise as drawn from the key."""
    rng = np.random.default_rng(key)
    (hours, place), targets = batch
    noise = rng.normal(0, JITTER, hours.shape).astype(np.float32)
    hours = hours + noise
    return (hours, place), targets


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The windows of a part with what follows each; cut out when asked for."""
    scaled = scaling.apply(part)
    first = starts(part[SERIES], STEPS + HORIZON, STRIDE)
    hours = stack(scaled, HOURS_COLUMNS)
    place = stack(scaled, PLACE_COLUMNS)
    temp = scaled["temp"].astype(np.float32, copy=False)
    dewp = scaled["dewp"].astype(np.float32, copy=False)
    return Part(
        inputs=(Windows(hours, first, STEPS), place[first]),
        targets=(windows(temp, HORIZON)[first + STEPS], windows(dewp, HORIZON)[first + STEPS]),
        series=part[SERIES][first],
    )


def windows(rows: np.ndarray, length: int, stride: int = 1) -> np.ndarray:
    """Windows of so many rows as views: [rows, ...] -> [windows, length, ...]."""
    return np.moveaxis(sliding_window_view(rows, length, axis=0), -1, 1)[::stride]


def stack(columns: Arrays, names: tuple[str, ...]) -> np.ndarray:
    """Columns side by side: [rows, columns]."""
    return np.stack([columns[name] for name in names], axis=-1).astype(np.float32)


def split(columns: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in order within each series before any window is made."""
    chosen: list[list[np.ndarray]] = [[] for _ in range(3)]
    for begin, end in stretches(columns[SERIES]):
        count = end - begin
        ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
        for rows, (low, high) in zip(chosen, pairwise((0, *ends)), strict=True):
            rows.append(np.arange(begin + low, begin + high))
    parts = [
        {name: values[np.concatenate(rows)] for name, values in columns.items()} for rows in chosen
    ]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        check_lengths(part[SERIES], STEPS + HORIZON, f"the {name} part of {path}")
    return parts


def stretches(series: np.ndarray) -> list[tuple[int, int]]:
    """For each series the first of its rows, which stand together, and the row after its last."""
    cuts = np.flatnonzero(series[1:] != series[:-1]) + 1
    return list(pairwise((0, *cuts.tolist(), len(series))))


def starts(series: np.ndarray, length: int, stride: int = 1) -> np.ndarray:
    """The rows with which stretches of so many rows begin that lie within one series."""
    return np.concatenate(
        [np.arange(begin, end - length + 1, stride) for begin, end in stretches(series)]
    )


def check_lengths(series: np.ndarray, length: int, where: str) -> None:
    """Says which series are left out since they have fewer rows. Raises DataError if all do."""
    pieces = stretches(series)
    short = [str(series[begin]) for begin, end in pieces if end - begin < length and begin < end]
    if all(end - begin < length for begin, end in pieces):
        raise DataError(f"no series has {length} rows in a row, which a window takes, in {where}")
    if short:
        named = ", ".join(short[:5]) + (", ..." if len(short) > 5 else "")
        print(
            f"note: {len(short)} of {len(pieces)} series have fewer than {length} rows in {where} "
            f"and are left out there: {named}",
            file=sys.stderr,
        )


def arranged(columns: Arrays, times: np.ndarray, path: Path) -> Arrays:
    """The rows series after series, as these first appear, each in the order of its times."""
    _, first, number = np.unique(columns[SERIES], return_index=True, return_inverse=True)
    order = np.lexsort((times, first[number]))
    series, times, rows = columns[SERIES][order], times[order], columns[ROW][order]
    twice = np.flatnonzero((series[1:] == series[:-1]) & (times[1:] == times[:-1]))
    if len(twice):
        at = int(twice[0])
        raise DataError(
            f"{path}: rows {rows[at]} and {rows[at + 1]} below the header are of series "
            f"{str(series[at])!r} and have the same {ORDER!r}"
        )
    return {name: values[order] for name, values in columns.items()}


def origins(columns: Arrays, rows: np.ndarray) -> Origins:
    """What tells each prediction: its series and the place of the last row of its window."""
    return [[str(columns[name][row]) for name in ORIGIN] for row in rows.tolist()]


def check_constant(columns: Arrays, path: Path) -> None:
    """What feeds an input without a time axis must be the same in all rows of a series."""
    for begin, end in stretches(columns[SERIES]):
        for name in STATIC:
            values = columns[name][begin:end]
            known = np.flatnonzero(~np.isnan(values))
            other = known[values[known] != values[known[:1]]]
            if len(other):
                one, two = int(known[0]), int(other[0])
                rows = columns[ROW][begin:end]
                raise DataError(
                    f"{path}: column {name!r} is not the same all through series "
                    f"{str(columns[SERIES][begin])!r}: {values[one]:g} in row {rows[one]}, "
                    f"{values[two]:g} in row {rows[two]} below the header"
                )


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
    label_places = [find(name, header, path) for name in LABELS]
    order_place = find(ORDER, header, path)
    table: list[list[float]] = []
    labels: list[list[str]] = []
    times: list[float] = []
    for line, fields in numbered:
        place = f"{path}, line {line}"
        if len(fields) != len(header):
            raise DataError(f"{place}: {len(fields)} fields under a header of {len(header)}")
        table.append([number(fields[at], f"{place}, column {header[at]!r}") for at in places])
        labels.append([label(fields[at], f"{place}, column {header[at]!r}") for at in label_places])
        times.append(moment(fields[order_place], f"{place}, column {ORDER!r}"))
    if not table:
        raise DataError(f"{path} has a header line but no rows")
    columns = dict(zip(names, np.ascontiguousarray(np.array(table).T), strict=True))
    columns |= zip(LABELS, np.ascontiguousarray(np.array(labels).T), strict=True)
    columns[ROW] = np.arange(1, len(table) + 1)
    columns = arranged(columns, np.array(times), path)
    check_constant(columns, path)
    return columns


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


def moment(text: str, place: str) -> float:
    """The number or the ISO 8601 date in a field, as a number to sort by."""
    text = text.strip()
    if text.lower() in MISSING:
        raise DataError(f"{place}: the value is missing, so the row has no place in the order")
    try:
        return float(text)
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"{place}: {text!r:.40} is neither a number nor a date such as 2013-07-01 12:00"
        ) from None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def label(text: str, place: str) -> str:
    """The name in a field."""
    if not text.strip():
        raise DataError(f"{place}: the name is missing")
    return text.strip()


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
    return fill_numbers(columns, path)


def filled(values: np.ndarray, name: str, path: Path | str) -> np.ndarray:
    """One column, [rows], without gaps."""
    missing = np.isnan(values)
    if missing[0]:
        raise DataError(
            f"column {name!r} of {path} begins with a missing value: there is none to carry on"
        )
    return values[np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))]


def fill_numbers(columns: Arrays, path: Path) -> Arrays:
    """The columns, those of numbers filled in each series by itself."""
    pieces = [
        (begin, end, f"series {str(columns[SERIES][begin])!r} in {path}")
        for begin, end in stretches(columns[SERIES])
    ]
    return columns | {
        name: np.concatenate([filled(values[a:b], name, where) for a, b, where in pieces])
        for name, values in columns.items()
        if values.dtype.kind == "f"
    }


def score(predictions: tuple[np.ndarray, ...], targets: tuple[np.ndarray, ...]) -> dict[str, float]:
    """Metrics of each output over all samples, in original units if all arrays are."""
    temp, dewp = predictions
    temp_target, dewp_target = targets
    temp_error = temp.astype(np.float64) - temp_target
    dewp_error = dewp.astype(np.float64) - dewp_target
    return {
        "temp_rmse": float(np.sqrt(np.mean(temp_error**2))),
        "temp_mae": float(np.mean(np.abs(temp_error))),
        "dewp_rmse": float(np.sqrt(np.mean(dewp_error**2))),
        "dewp_mae": float(np.mean(np.abs(dewp_error))),
    }


def write_predictions(path: Path, predictions: tuple[np.ndarray, ...], origins: Origins) -> None:
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
                csv.writer(file).writerows(lines(predictions, origins))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(predictions: tuple[np.ndarray, ...], origins: Origins) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first, counted from 1."""
    temp, dewp = predictions
    header = list(ORIGIN)
    header += [f"temp_{place + 1}" for place in range(temp.shape[1])]
    header += [f"dewp_{place + 1}" for place in range(dewp.shape[1])]
    yield header
    tables = (values.reshape(len(values), -1).tolist() for values in (temp, dewp))
    for origin, *rows in zip(origins, *tables, strict=True):
        yield [*origin, *(f"{value:.7g}" for row in rows for value in row)]
