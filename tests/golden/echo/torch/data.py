"""Echo: its data, split in file order.

    data echoes {
        source = npz("data/echo.npz")
        split  = chronological(train=50%, validation=0%)
        target = numbers
    }

Compiled by seqspec 0.1.0 from the spec echo.seq; yours to edit.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np

DATA_PATH = Path("data/echo.npz")  # as in the spec, from the current folder
TARGET = "numbers"
INPUTS = ("numbers",)
SHAPES = {"numbers": ("B", 5, 1)}

TRAIN = 0.5  # of the samples, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # by name, samples first
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray, ...]  # numbers [B, 5, 1]
    target: np.ndarray  # [B, 5, 1]

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        return inputs, np.ascontiguousarray(self.target[indices])


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of the data."""

    train: Part
    test: Part


def load(path: Path = DATA_PATH) -> Dataset:
    """The data set in a file: split in file order.

    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, tuple(SHAPES)), path)
    train, test = (assemble(part) for part in parts)
    return Dataset(train, test)


def inputs_for_prediction(path: Path = DATA_PATH) -> tuple[np.ndarray, ...]:
    """The model's inputs for every sample of a file.

    Raises DataError if the file cannot be used.
    """
    arrays = read(path, INPUTS)
    return (arrays["numbers"].astype(np.float32, copy=False),)


def batches(part: Part, size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """The part in batches, the last of which may be smaller; shuffled if given a generator."""
    order = np.arange(len(part)) if rng is None else rng.permutation(len(part))
    for start in range(0, len(part), size):
        yield part.batch(order[start : start + size])


def assemble(part: Arrays) -> Part:
    """The samples of a part."""
    numbers = part["numbers"].astype(np.float32, copy=False)
    return Part(inputs=(numbers,), target=numbers)


def split(arrays: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in file order."""
    count = len(next(iter(arrays.values())))
    ends = (round(count * TRAIN), count)
    parts = [
        {name: values[start:end] for name, values in arrays.items()}
        for start, end in pairwise((0, *ends))
    ]
    for name, part in zip(("training", "test"), parts, strict=True):
        kept = len(next(iter(part.values())))
        if kept == 0:
            raise DataError(f"the {name} part of {path} is empty: {count} samples in all")
    return parts


def read(path: Path, names: tuple[str, ...]) -> Arrays:
    """The named arrays of an npz file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            known = list(archive)
            arrays = {name: np.asarray(archive[name]) for name in names if name in known}
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DataError(f"{path} is not an npz file, or is damaged") from None
    for name in names:
        if name not in arrays:
            near = get_close_matches(name, known, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else "."
            raise DataError(f"{path} has no array {name!r}{guess} It has: {', '.join(known)}")
        check(arrays[name], name, path)
    return arrays


def check(values: np.ndarray, name: str, path: Path) -> None:
    """The array must hold finite numbers and have the shape that the spec declares."""
    declared = SHAPES[name]
    what = f"array {name!r} of {path}"
    if values.dtype.kind not in "fiub":
        raise DataError(f"{what} holds no numbers but {values.dtype}")
    if not fits(values.shape, declared):
        swapped = values.ndim == 3 and fits((len(values), *values.shape[:0:-1]), declared)
        raise DataError(
            f"{what} has shape {values.shape}, the spec declares [{', '.join(map(str, declared))}]"
            + (": time and features swapped?" if swapped else "")
        )
    if len(values) == 0:
        raise DataError(f"{what} has no rows")
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32, copy=False)
    if not np.isfinite(narrow).all():
        place = np.argwhere(~np.isfinite(narrow))[0].tolist()
        raise DataError(
            f"{what} holds {values[tuple(place)]} at {place}: "
            "not a finite number, or too large for float32"
        )


def fits(shape: tuple[int, ...], declared: tuple[int | str, ...]) -> bool:
    """Whether a shape is as declared; names stand for any size."""
    return len(shape) == len(declared) and all(
        isinstance(size, str) or size == found for size, found in zip(declared, shape, strict=True)
    )


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples."""
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
    yield [f"{TARGET}_{place + 1}" for place in range(prediction.shape[1])]
    for row in prediction.reshape(len(prediction), -1).tolist():
        yield [f"{value:.7g}" for value in row]
