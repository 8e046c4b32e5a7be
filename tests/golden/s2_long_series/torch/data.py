"""Passengers: its data, split in file order, scaled and read in lanes.

    data hours {
        source  = csv("../data/weather.csv", columns=[temp])
        split   = chronological(train=70%, validation=15%)
        missing = forward_fill
        scale   = standard()
        memory  = map
        batches = streams(chunk=100, lanes=4)
        target  = next_step()
    }

Compiled by seqspec 0.1.0 from the spec s2_long_series.seq; yours to edit.
"""

from __future__ import annotations

import csv
import hashlib
import inspect
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO
from uuid import uuid4

import numpy as np

DATA_PATH = Path("../data/weather.csv")  # as in the spec, from the current folder
MONTHS_COLUMNS = ("temp",)
TARGET_COLUMNS = MONTHS_COLUMNS
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32
BLOCK = 65_536  # rows that are worked on at a time
STAMP = 64  # bytes in front of a file of numbers that tell what it was made from

CHUNK = 100  # steps of a batch; gradients end there
LANES = 4  # parts of a series that are read side by side
TRAIN, VALIDATION = 0.7, 0.15  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


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

    inputs: tuple[np.ndarray, ...]  # months [rows, 1]
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
    target: np.ndarray  # [rows, 1]; of each row what the next one has

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
        for name in MONTHS_COLUMNS:
            values = part[name]
            low, high = float(values.min()), float(values.max())
            shift[name] = float(values.mean())
            factor[name] = deviation(values, shift[name]) if low < high else 1.0
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


def deviation(values: np.ndarray, mean: float) -> float:
    """The standard deviation, worked out some rows at a time."""
    blocks = (values[start : start + BLOCK] for start in range(0, len(values), BLOCK))
    return math.sqrt(sum(float(np.sum((block - mean) ** 2)) for block in blocks) / len(values))


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of the data and the scaling they are in."""

    train: Part
    validation: Part
    test: Part
    scaling: Scaling


def load(path: Path = DATA_PATH, scaling: Scaling | None = None) -> Dataset:
    """The data set in a file: split in file order, scaled and read in lanes.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, MONTHS_COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> Stream:
    """The model's inputs for every row of a file.

    Raises DataError if the file cannot be used.
    """
    columns = read(path, MONTHS_COLUMNS)
    return stream_of(columns, (on_disk(columns, MONTHS_COLUMNS, scaling),))


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


def rejoined(stream: Stream) -> Stream:
    """The same rows with the lanes of each series put together again."""
    parts: dict[str, list[int]] = {}
    for lane, name in enumerate(stream.names):
        parts.setdefault(name.rpartition(" ")[0], []).append(lane)
    first = np.array([stream.first[lanes].min() for lanes in parts.values()])
    steps = np.array([stream.steps[lanes].sum() for lanes in parts.values()])
    order = np.argsort(-steps, kind="stable")
    names = tuple([*parts][place] for place in order)
    return replace(stream, names=names, first=first[order], steps=steps[order])


def stream_of(
    columns: Arrays, inputs: tuple[np.ndarray, ...], *, beyond: int = 0, lanes: int = 1
) -> Stream:
    """The rows of inputs in lanes, so many for each series; rows `beyond` are targets only."""
    whole, names = [(0, len(next(iter(columns.values()))) - beyond)], ["1"]
    if lanes > 1:
        cuts = [np.linspace(begin, end, lanes + 1).astype(int).tolist() for begin, end in whole]
        whole = [piece for places in cuts for piece in pairwise(places)]
        names = [f"{name} {part}/{lanes}" for name in names for part in range(1, lanes + 1)]
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
    months = on_disk(part, MONTHS_COLUMNS, scaling)
    stream = stream_of(part, (months,), beyond=1, lanes=LANES)
    return Part(stream, target=months[1:])


def on_disk(
    columns: Arrays,
    names: tuple[str, ...],
    scaling: Scaling | None = None,
) -> np.ndarray:
    """Columns side by side, [rows, columns], in a file that is gone when the program ends."""
    rows = len(columns[names[0]])
    with TemporaryFile() as file:
        table = np.memmap(file, np.float32, "w+", shape=(rows, len(names)))
    for start in range(0, rows, BLOCK):
        block = {name: columns[name][start : start + BLOCK] for name in names}
        if scaling is not None:
            block = scaling.apply(block)
        table[start : start + BLOCK] = np.stack([block[name] for name in names], axis=-1)
    return table


def split(columns: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in file order."""
    count = len(next(iter(columns.values())))
    ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
    parts = [
        {name: values[start:end] for name, values in columns.items()}
        for start, end in pairwise((0, *ends))
    ]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        kept = len(next(iter(part.values())))
        if kept == 0:
            raise DataError(f"the {name} part of {path} is empty: {count} rows in all")
    return parts


def read(path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns of a csv file, out of a file of numbers that is made beside it once."""
    try:
        table = mapped(path, names)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a csv file: {error}") from None
    return {name: table[:, place] for place, name in enumerate(names)}


def mapped(path: Path, names: tuple[str, ...]) -> np.ndarray:
    """The table as a memory map, [rows, columns]."""
    kept = kept_in(path, names)
    return np.memmap(kept, np.float64, "r", offset=STAMP).reshape(-1, len(names))


def kept_in(path: Path, names: tuple[str, ...]) -> Path:
    """The file of numbers that stands for it; made if it was not or the table has changed."""
    state = path.stat()
    stamp = f"{state.st_size} {state.st_mtime_ns}".encode().ljust(STAMP)
    beside, apart = places_for(path, names)
    kept = next((file for file in (beside, apart) if first_bytes(file) == stamp), None)
    if kept is None:
        kept = beside if os.access(path.parent, os.W_OK) else apart
        convert(path, names, kept, stamp)
    return kept


def places_for(path: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Where numbers are kept: beside the file or, if its folder is read-only, in the cache.

    The name tells which columns there are and which lines of this program have made it.
    """
    makers = (blocks, find, rows_of, numbered_lines, number, refined, filled)
    code = "".join(inspect.getsource(part) for part in makers)
    key = repr((names, "forward_fill", sorted(MISSING), code))
    kept = f"{path.name}.{hashlib.sha256(key.encode()).hexdigest()[:8]}.numbers"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numbers"
    folder = hashlib.sha256(bytes(path.parent.resolve())).hexdigest()[:8]
    return path.with_name(kept), cache / folder / kept


def first_bytes(path: Path) -> bytes:
    """The stamp of a file of numbers: the size and the time of what it was made from."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(STAMP)


def convert(path: Path, names: tuple[str, ...], kept: Path, stamp: bytes) -> None:
    """Writes a table as numbers, some rows at a time; the file appears whole or not at all.

    Programs that do so at the same time do not meet: each writes a file of its own.
    """
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = kept.with_name(f".{kept.name}.{uuid4().hex[:8]}.partial")
    rows = 0
    try:
        with partial.open("wb") as file:
            file.write(stamp)
            for block in refined(blocks(path, names), names, path):
                file.write(block.tobytes())
                rows += len(block)
        if rows == 0:
            raise DataError(f"{path} has columns but no rows")
        partial.replace(kept)
    finally:
        partial.unlink(missing_ok=True)


def refined(
    found: Iterator[np.ndarray], names: tuple[str, ...], path: Path
) -> Iterator[np.ndarray]:
    """The blocks with gaps filled."""
    last: np.ndarray | None = None
    for block in found:
        whole = block if last is None else np.concatenate([last, block])
        columns = [filled(whole[:, at], name, path) for at, name in enumerate(names)]
        block = np.stack(columns, axis=-1)[len(whole) - len(block) :]
        last = block[-1:]
        yield block


def blocks(path: Path, names: tuple[str, ...]) -> Iterator[np.ndarray]:
    """The named columns side by side as they stand, so many rows at a time."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = rows_of(file, path, names)
        while block := list(islice(rows, BLOCK)):
            yield np.array(block)


def rows_of(file: TextIO, path: Path, names: tuple[str, ...]) -> Iterator[list[float]]:
    """The named fields of each line; a missing value is NaN."""
    numbered = numbered_lines(file)
    _, first = next(numbered, (1, []))
    header = [field.strip() for field in first]
    if not any(header):
        raise DataError(f"{path} is empty: there is no header line")
    places = [find(name, header, path) for name in names]
    for line, fields in numbered:
        place = f"{path}, line {line}"
        if len(fields) != len(header):
            raise DataError(f"{place}: {len(fields)} fields under a header of {len(header)}")
        yield [number(fields[at], f"{place}, column {header[at]!r}") for at in places]


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


def filled(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    """One column, [rows], without gaps."""
    missing = np.isnan(values)
    if missing[0]:
        raise DataError(
            f"column {name!r} of {path} begins with a missing value: there is none to carry on"
        )
    return values[np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))]


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
    """The lines of a csv file of predictions, header first."""
    yield list(TARGET_COLUMNS)
    for row in prediction.reshape(len(prediction), -1).tolist():
        yield [f"{value:.7g}" for value in row]
