"""Weather: its data, split in file order, scaled and cut into windows.

    data airport {
        source  = csv("../data/weather.csv", columns=[temp, dewp, humid])
        windows = sliding(steps=24)
        split   = chronological(train=70%, validation=15%)
        scale   = standard()
        missing = forward_fill
        target  = [temp]
        memory  = map
    }

Compiled by seqspec 0.1.0 from the spec memory.seq; yours to edit.
"""

from __future__ import annotations

import csv
import hashlib
import inspect
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO
from uuid import uuid4

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

DATA_PATH = Path("../data/weather.csv")  # as in the spec, from the current folder
HOURS_COLUMNS = ("temp", "dewp", "humid")
TARGET_COLUMNS = ("temp",)
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32
BLOCK = 65_536  # rows that are worked on at a time
STAMP = 64  # bytes in front of a file of numbers that tell what it was made from

STEPS = 24  # rows in a window
TRAIN, VALIDATION = 0.7, 0.15  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order. Arrays may be views into the series."""

    inputs: tuple[np.ndarray, ...]  # hours [B, 24, 3]
    target: np.ndarray  # [B, 1]

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
        for name in HOURS_COLUMNS:
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
            shift = {name: float(kept["shift"][name]) for name in HOURS_COLUMNS}
            factor = {name: float(kept["factor"][name]) for name in HOURS_COLUMNS}
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
    """The data set in a file: split in file order, scaled and cut into windows.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, HOURS_COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every window of a file.

    That includes the last window, after which nothing is known yet.
    Raises DataError if the file cannot be used.
    """
    columns = read(path, HOURS_COLUMNS)
    rows = len(next(iter(columns.values())))
    if rows < STEPS:
        raise DataError(f"{path} has {rows} rows; a window takes {STEPS}")
    return (windows(on_disk(columns, HOURS_COLUMNS, scaling), STEPS),)


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The windows of a part with what follows each; views, not copies."""
    hours = on_disk(part, HOURS_COLUMNS, scaling)
    target = on_disk(part, TARGET_COLUMNS, scaling)
    return Part(inputs=(windows(hours[:-1], STEPS),), target=target[STEPS:])


def windows(rows: np.ndarray, length: int) -> np.ndarray:
    """Windows of so many rows as views: [rows, ...] -> [windows, length, ...]."""
    return np.moveaxis(sliding_window_view(rows, length, axis=0), -1, 1)


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
