"""Vowels: its data, split at random and scaled.

    data recordings {
        source  = npz("data/vowels.npz", lengths=lengths)
        target  = speaker
        split   = random(train=65%, validation=15%, seed=0)
        scale   = standard()
        batches = bucketed(pool=4)
    }

Compiled by seqspec 0.1.0 from the spec vowels.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

DATA_PATH = Path("data/vowels.npz")  # as in the spec, from the current folder
TARGET = "speaker"
INPUTS = ("vowel", "lengths")
SCALED = ("vowel",)
SHAPES = {"lengths": ("B",), "vowel": ("steps", 12), "speaker": ("B",)}
BOUNDS = {"speaker": 9}  # ids lie in [0, bound)

LENGTHS = {"vowel": "lengths"}  # sequences, and the array of their lengths
POOL = 4  # batches of samples that are sorted by length at a time
TRAIN, VALIDATION = 0.65, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, Any]  # by name, samples first; some are Ragged
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Ragged:
    """Sequences of different lengths, kept without padding.

    As an array of numpy they stand side by side, [sequences, longest, ...], each padded behind
    its end.
    """

    values: np.ndarray  # the steps of all sequences, one after another
    lengths: np.ndarray  # [sequences]
    padding: float = 0

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each sequence begins in the values."""
        return np.cumsum(self.lengths) - self.lengths

    def __getitem__(self, chosen: np.ndarray | slice) -> Ragged:
        lengths = self.lengths[chosen]
        moved = self.starts[chosen] - (np.cumsum(lengths) - lengths)
        places = np.arange(lengths.sum()) + np.repeat(moved, lengths)
        return Ragged(self.values[places], lengths, self.padding)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        padded = np.full(self.shape, self.padding, dtype or self.values.dtype)
        padded[self.there] = self.values
        return padded

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the padded array."""
        return (*self.there.shape, *self.values.shape[1:])

    @property
    def there(self) -> np.ndarray:
        """Which steps are none of the padding: [sequences, longest]."""
        return np.arange(self.lengths.max(initial=0)) < self.lengths[:, None]

    def exchanged(self, values: np.ndarray) -> Ragged:
        """Sequences of the same lengths with other values."""
        return Ragged(values.astype(np.float32), self.lengths, self.padding)


def all_steps(values: np.ndarray | Ragged) -> np.ndarray:
    """All numbers of an array; of sequences the steps one after another."""
    return values.values if isinstance(values, Ragged) else values


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray | Ragged, ...]  # vowel [B, T, 12], vowel_lengths [B]
    target: np.ndarray  # [B]

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        return inputs, np.ascontiguousarray(self.target[indices])


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and deviation of each array over the training part."""

    shift: Arrays
    factor: Arrays

    @classmethod
    def fit(cls, part: Arrays) -> Scaling:
        """The scaling of a training part.

        What is constant there is shifted only. It is told by its range, which is exactly zero,
        while its deviation may be a little more than that, for rounding.
        """
        shift: Arrays = {}
        factor: Arrays = {}
        for name in SCALED:
            values = all_steps(part[name]).astype(np.float64)
            values = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
            low, high = values.min(axis=0), values.max(axis=0)
            shift[name] = values.mean(axis=0)
            factor[name] = np.where(low < high, values.std(axis=0), 1.0)
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """What is scaled, in scaled units."""
        return {
            name: self.change(name, values) for name, values in part.items() if name in self.shift
        }

    def change(self, name: str, values: np.ndarray | Ragged) -> np.ndarray | Ragged:
        """One array, or the steps of its sequences, in scaled units."""
        changed = (all_steps(values) - self.shift[name]) / self.factor[name]
        return values.exchanged(changed) if isinstance(values, Ragged) else changed

    def invert_target(self, values: np.ndarray) -> np.ndarray:
        """Predictions or targets in original units, which they have already."""
        return values

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        shift = {name: values.tolist() for name, values in self.shift.items()}
        factor = {name: values.tolist() for name, values in self.factor.items()}
        return json.dumps({"shift": shift, "factor": factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift = {name: np.array(kept["shift"][name], float) for name in SCALED}
            factor = {name: np.array(kept["factor"][name], float) for name in SCALED}
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
    """The data set in a file: split at random and scaled.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, tuple(SHAPES)), path)
    scaling = scaling or Scaling.fit(parts[0])
    train, validation, test = (assemble(part, scaling) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every sample of a file.

    Raises DataError if the file cannot be used.
    """
    arrays = read(path, INPUTS)
    scaled = scaling.apply(arrays)
    return (scaled["vowel"], scaled["vowel"].lengths)


def bucketed(part: Part, size: int, rng: np.random.Generator) -> np.ndarray:
    """An order in which batches of that size hold sequences of similar length.

    Samples are drawn at random and sorted POOL batches at a time; then the batches go in any
    order, the smaller one last.
    """
    order = rng.permutation(len(part))
    lengths = part.inputs[0].lengths[order]
    order = order[np.lexsort((lengths, np.arange(len(part)) // (POOL * size)))]
    full = len(part) // size * size
    batches = rng.permutation(order[:full].reshape(-1, size))
    return np.concatenate([batches.reshape(-1), order[full:]])


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The samples of a part."""
    scaled = scaling.apply(part)
    vowel = scaled["vowel"]
    target = part[TARGET]
    return Part(inputs=(vowel, vowel.lengths), target=target)


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
    return sequences(arrays, path)


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


def check_sizes(arrays: dict[str, np.ndarray], path: Path) -> None:
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


def sequences(arrays: dict[str, np.ndarray], path: Path) -> Arrays:
    """The arrays, those of many steps as sequences; the lengths are in these."""
    found: Arrays = {}
    for name, values in arrays.items():
        if name not in LENGTHS:
            if name not in LENGTHS.values():
                found[name] = values
            continue
        lengths = arrays[LENGTHS[name]]
        if lengths.dtype.kind not in "iu" or (lengths < 1).any():
            raise DataError(
                f"array {LENGTHS[name]!r} of {path} must hold lengths: whole numbers, 1 or more"
            )
        if lengths.sum() != len(values):
            raise DataError(
                f"{path}: the lengths in {LENGTHS[name]!r} add up to {lengths.sum()} steps, "
                f"but array {name!r} has {len(values)}"
            )
        found[name] = Ragged(values.astype(np.float32), lengths.astype(np.int64))
    return found


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
    """The lines of a csv file of predictions, header first."""
    values = prediction.argmax(axis=-1)
    yield [TARGET]
    for row in values.reshape(len(prediction), -1).tolist():
        yield [str(value) for value in row]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target, 9) for part in parts]
    return {
        "speaker": named([str(place) for place in range(9)], counts),
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
