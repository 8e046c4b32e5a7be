"""Hourly: its data, split in order within each series, scaled and read in lanes.

    data airports {
        source  = csv("data/stations.csv", series=station, order=time)
        inputs  = feed(air=[temp, dewp], calendar=[day_sin, day_cos])
        split   = chronological(train=70%, validation=15%)
        scale   = standard()
        missing = forward_fill
        batches = streams(chunk=48)
        target  = next_step([temp, dewp])
    }

Compiled by seqspec 0.1.0 from the spec hourly.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np

DATA_PATH = Path("data/stations.csv")  # as in the spec, from the current folder
SERIES = "station"  # rows that share it are one series
ORDER = "time"  # the rows of a series are sorted by it
LABELS = (SERIES,)  # columns read as text
ROW = "row"  # the place of a row in the file, from 1
ORIGIN = (SERIES, ROW)  # what tells a prediction
AIR_COLUMNS = ("temp", "dewp")
CALENDAR_COLUMNS = ("day_sin", "day_cos")
TARGET_COLUMNS = AIR_COLUMNS
INPUT_COLUMNS = ("temp", "dewp", "day_sin", "day_cos")
COLUMNS = ("temp", "dewp", "day_sin", "day_cos")  # all that are read
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

CHUNK = 48  # steps of a batch; gradients end there
TRAIN, VALIDATION = 0.7, 0.15  # of the rows of each series, in order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target
Origins = list[list[str]]  # what each sample has under the names of ORIGIN


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Steps of lanes side by side, which a batch holds."""

    lanes: slice  # which lanes of their stream
    first: np.ndarray  # the row that each of them begins with here, [B]
    steps: int
    cleared: np.ndarray  # which of them begin with a cleared state, [B]

    @property
    def rows(self) -> np.ndarray:
        """The rows of the steps, [B, T]."""
        return self.first[:, None] + np.arange(self.steps)


@dataclass(frozen=True, eq=False)
class Stream:
    """Rows of series one after the other, and the lanes in which they are read side by side."""

    inputs: tuple[np.ndarray, ...]  # air [rows, 2], calendar [rows, 2]
    names: tuple[str, ...]  # of the lanes, the longest first
    first: np.ndarray  # the row that each lane begins with
    steps: np.ndarray  # how many rows it has

    @property
    def rows(self) -> np.ndarray:
        """The rows of all lanes, in order."""
        lanes = zip(self.first.tolist(), self.steps.tolist(), strict=True)
        return np.sort(np.concatenate([np.arange(row, row + steps) for row, steps in lanes]))

    @property
    def longest(self) -> int:
        """How many steps are read at once where nothing is learned from them."""
        return max(CHUNK, 4096 // len(self.first))

    def batch(self, chunk: Chunk) -> tuple[np.ndarray, ...]:
        """The inputs of a chunk, each [B, T, ...]."""
        rows = chunk.rows
        return tuple(values[rows] for values in self.inputs)


@dataclass(frozen=True, eq=False)
class Part:
    """A stream with what its steps are compared with."""

    stream: Stream
    target: np.ndarray  # [rows, 2]; of each row what the next one has

    def __len__(self) -> int:
        return int(self.stream.steps.sum())

    def batch(self, chunk: Chunk) -> Batch:
        """What a chunk holds, each array [B, T, ...]."""
        rows = chunk.rows
        return self.stream.batch(chunk), self.target[rows]


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
        """Those of the columns that are scaled, in scaled units."""
        return {
            name: (values - self.shift[name]) / self.factor[name]
            for name, values in part.items()
            if name in self.shift
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
    """The data set in a file: split in order within each series, scaled and read in lanes.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[Stream, Origins]:
    """The model's inputs for every row of a file, and what tells each.

    Raises DataError if the file cannot be used.
    """
    columns = read(path, INPUT_COLUMNS)
    scaled = scaling.apply(columns)
    stream = stream_of(columns, (stack(scaled, AIR_COLUMNS), stack(scaled, CALENDAR_COLUMNS)))
    return stream, origins(columns, stream.rows)


def chunks(stream: Stream, *, longest: int = CHUNK, cleared: bool = True) -> list[Chunk]:
    """The chunks of one pass; each goes on where the one before ended.

    A chunk has `longest` steps, fewer where one of its lanes ends: what it holds are steps of the
    data, with no padding. The first ones begin with a cleared state, unless told otherwise.
    """
    found: list[Chunk] = []
    first, steps = stream.first, stream.steps
    ends = {*range(0, int(steps[0]), longest), *steps.tolist()}
    for start, end in pairwise(sorted(ends)):
        running = int(np.count_nonzero(steps > start))  # the longest lanes come first
        fresh = np.full(running, cleared and start == 0)
        found.append(Chunk(slice(running), first[:running] + start, end - start, fresh))
    return found


def first_batch(part: Part) -> Part:
    """The first chunk of a part, as a part of its own."""
    stream = replace(part.stream, steps=np.minimum(part.stream.steps, CHUNK))
    return replace(part, stream=stream)


def stream_of(columns: Arrays, inputs: tuple[np.ndarray, ...], *, beyond: int = 0) -> Stream:
    """The rows of inputs, each series in a lane of its own; rows `beyond` are targets only."""
    whole = [(begin, end - beyond) for begin, end in stretches(columns[SERIES])]
    names = [str(columns[SERIES][begin]) for begin, _ in whole]
    first, last = np.array(whole).T
    order = np.argsort(first - last, kind="stable")
    order = order[first[order] < last[order]]  # what has no step is left out
    if not len(order):
        raise DataError("no series has a step and the one after it")
    return Stream(
        inputs,
        tuple(names[lane] for lane in order),
        first[order],
        (last - first)[order],
    )


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The rows of a part as a stream, with their targets; a batch copies its own."""
    scaled = scaling.apply(part)
    air = stack(scaled, AIR_COLUMNS)
    calendar = stack(scaled, CALENDAR_COLUMNS)
    stream = stream_of(part, (air, calendar), beyond=1)
    return Part(stream, target=air[1:])


def stack(columns: Arrays, names: tuple[str, ...]) -> np.ndarray:
    """Columns side by side: [rows, columns]."""
    return np.stack([columns[name] for name in names], axis=-1).astype(np.float32)


def split(columns: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in order within each series."""
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
        kept = len(next(iter(part.values())))
        if kept == 0:
            raise DataError(f"the {name} part of {path} is empty: its series are too short")
    return parts


def stretches(series: np.ndarray) -> list[tuple[int, int]]:
    """For each series the first of its rows, which stand together, and the row after its last."""
    cuts = np.flatnonzero(series[1:] != series[:-1]) + 1
    return list(pairwise((0, *cuts.tolist(), len(series))))


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
    """What tells each prediction: its series and the place of its row."""
    return [[str(columns[name][row]) for name in ORIGIN] for row in rows.tolist()]


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
    return arranged(columns, np.array(times), path)


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


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples, in original units if both arrays are."""
    error = prediction.astype(np.float64) - target
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
    }


def write_predictions(path: Path, prediction: np.ndarray, origins: Origins) -> None:
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
                csv.writer(file).writerows(lines(prediction, origins))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(prediction: np.ndarray, origins: Origins) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first."""
    yield [*ORIGIN, *TARGET_COLUMNS]
    rows = prediction.reshape(len(prediction), -1).tolist()
    for origin, row in zip(origins, rows, strict=True):
        yield [*origin, *(f"{value:.7g}" for value in row)]
