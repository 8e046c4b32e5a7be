"""Dates: its data, split at random.

    data phrases {
        source = npz("data/dates.npz")
        target = target
        split  = random(train=80%, validation=10%, seed=0)
    }

Compiled by seqspec 0.1.0 from the spec dates.seq; yours to edit.
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

DATA_PATH = Path("data/dates.npz")  # as in the spec, from the current folder
TARGET = "target"
INPUTS = ("source", "target")
SHAPES = {"source": ("B", "S"), "target": ("B", "T")}
BOUNDS = {"source": 51, "target": 12}  # ids lie in [0, bound)

START = 11  # what the model is given first
TRAIN, VALIDATION = 0.8, 0.1  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, np.ndarray]  # by name, samples first
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray, ...]  # source [B, S], iso [B, T]
    target: np.ndarray  # [B, T]

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
    validation: Part
    test: Part


def load(path: Path = DATA_PATH) -> Dataset:
    """The data set in a file: split at random.

    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, tuple(SHAPES)), path)
    train, validation, test = (assemble(part) for part in parts)
    return Dataset(train, validation, test)


def inputs_for_prediction(path: Path = DATA_PATH) -> tuple[np.ndarray, ...]:
    """The model's inputs for every sample of a file.

    Raises DataError if the file cannot be used.
    """
    arrays = read(path, INPUTS)
    return (arrays["source"], one_step_late(arrays["target"]))


def assemble(part: Arrays) -> Part:
    """The samples of a part."""
    source = part["source"]
    iso = part["target"]
    return Part(inputs=(source, one_step_late(iso)), target=iso)


def one_step_late(target: np.ndarray) -> np.ndarray:
    """What a model reads that has written a target so far: START, and all but the last step."""
    late = np.roll(target, 1, axis=1)
    late[:, 0] = START
    return late


def split(arrays: Arrays, path: Path) -> list[Arrays]:
    """The parts, drawn at random; each keeps file order."""
    count = len(next(iter(arrays.values())))
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
    parts = [
        {name: values[np.sort(order[start:end])] for name, values in arrays.items()}
        for start, end in pairwise((0, *ends))
    ]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
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
    check_sizes(arrays, path)
    for name, bound in BOUNDS.items():
        if name in arrays:
            arrays[name] = ids(arrays[name], name, bound)
    return arrays


def check(values: np.ndarray, name: str, path: Path) -> None:
    """The array must hold finite numbers and have the shape that the spec declares."""
    declared = SHAPES[name]
    what = f"array {name!r} of {path}"
    if values.dtype.kind not in "fiub":
        raise DataError(f"{what} holds no numbers but {values.dtype}")
    if not fits(values.shape, declared):
        raise DataError(
            f"{what} has shape {values.shape}, the spec declares [{', '.join(map(str, declared))}]"
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


def check_sizes(arrays: Arrays, path: Path) -> None:
    """A size that has a name must be the same wherever the name stands."""
    seen: dict[str, tuple[str, int]] = {}
    for name, values in arrays.items():
        for symbol, size in zip(SHAPES[name], values.shape, strict=True):
            if isinstance(symbol, str):
                first, known = seen.setdefault(symbol, (name, size))
                if known != size:
                    raise DataError(
                        f"{path}: {symbol} is {known} in array {first!r} but {size} in {name!r}"
                    )


def ids(values: np.ndarray, name: str, bound: int) -> np.ndarray:
    """The values as int64; they must be whole numbers from 0 up to the bound."""
    wrong = np.argwhere(~((values >= 0) & (values < bound) & (values % 1 == 0)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise DataError(
            f"array {name!r} holds {values[place]:g} at {list(place)}: "
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
    counts = [counted(part.target, 12) for part in parts]
    return {
        "target": named([str(place) for place in range(12)], counts),
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
