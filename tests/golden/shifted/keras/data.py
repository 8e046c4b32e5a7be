"""Gesture: its data, split at random and scaled.

    data gestures {
        source  = npz("shifted.npz")
        target  = kind
        scale   = standard()
        augment = [time_shift(steps=10), jitter(stddev=0.05)]
    }

By default: split = random(train=70%, validation=15%, seed=0).

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np

DATA_PATH = Path("shifted.npz")  # as in the spec, from the current folder
TARGET = "kind"
INPUTS = ("motion",)
SCALED = ("motion",)
SHAPES = {"motion": ("B", 150, 3), "kind": ("B",)}
BOUNDS = {"kind": 4}  # ids lie in [0, bound)

TIME_SHIFT = 10  # the most steps that a training sample is moved, either way
JITTER = 0.05  # deviation of the noise in training, in scaled units
TRAIN, VALIDATION = 0.7, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, np.ndarray]  # by name, samples first
Batch = tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]  # inputs, target, weight


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray, ...]  # motion [B, 150, 3]
    target: np.ndarray  # [B]
    weight: np.ndarray  # [B], in the loss

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        target, weight = (np.ascontiguousarray(a[indices]) for a in (self.target, self.weight))
        return inputs, target, weight


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
            values = part[name].astype(np.float64)
            values = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
            low, high = values.min(axis=0), values.max(axis=0)
            shift[name] = values.mean(axis=0)
            factor[name] = np.where(low < high, values.std(axis=0), 1.0)
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """Those of the arrays that are scaled, in scaled units."""
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
    class_weight = balanced(parts[0][TARGET], 4)
    train, validation, test = (assemble(part, scaling, class_weight) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every sample of a file.

    Raises DataError if the file cannot be used.
    """
    arrays = read(path, INPUTS)
    scaled = scaling.apply(arrays)
    return (scaled["motion"].astype(np.float32, copy=False),)


def augmented(batch: Batch, key: int) -> Batch:
    """A batch of training samples, moved in time and with noise as drawn from the key."""
    rng = np.random.default_rng(key)
    (motion,), target, weight = batch
    shift = rng.integers(-TIME_SHIFT, TIME_SHIFT + 1, len(motion))
    motion = moved(motion, shift)
    noise = rng.normal(0, JITTER, motion.shape).astype(np.float32)
    motion = motion + noise
    return (motion,), target, weight


def moved(values: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Samples [B, T, ...], each so many steps later; its first or last step fills the gap."""
    steps = values.shape[1]
    places = np.clip(np.arange(steps) - shift[:, None], 0, steps - 1)  # [B, T]
    return values[np.arange(len(values))[:, None], places]


def assemble(part: Arrays, scaling: Scaling, class_weight: np.ndarray) -> Part:
    """The samples of a part."""
    scaled = scaling.apply(part)
    motion = scaled["motion"].astype(np.float32, copy=False)
    target = part[TARGET]
    weight = class_weight[target]
    return Part(inputs=(motion,), target=target, weight=weight)


def balanced(ids: np.ndarray, classes: int) -> np.ndarray:
    """Weights of classes by which all of them weigh the same in these ids."""
    counts = np.bincount(ids.reshape(-1), minlength=classes)
    return (counts.sum() / (classes * np.maximum(counts, 1))).astype(np.float32)


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
    """The lines of a csv file of predictions, header first."""
    values = prediction.argmax(axis=-1)
    yield [TARGET]
    for row in values.reshape(len(prediction), -1).tolist():
        yield [str(value) for value in row]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target, 4) for part in parts]
    return {
        "kind": named([str(place) for place in range(4)], counts),
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
    return lines
