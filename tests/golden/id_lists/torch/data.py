"""Next: its data, split at random.

    data sessions {
        source  = tsv("sessions.tsv", columns=[heard, listener, sure])
        tokens  = ids()
        target  = next_step(heard)
        batches = bucketed()
    }

By default: split = random(train=70%, validation=15%, seed=0).

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

DATA_PATH = Path("sessions.tsv")  # as in the spec, from the current folder
FIELDS = ("heard", "listener", "sure")  # of a line, in order
COLUMNS = ("heard", "listener", "sure")  # those that are read
INPUTS = ("heard", "listener")
LISTS = ("heard",)  # of as many ids as there are
TARGET = "heard"
WEIGHTS = ("sure",)  # what a line weighs in a loss
BOUNDS = {"heard": 500, "listener": 40}  # ids lie in [0, bound)
LONGEST_LINE = 1_000_000  # bytes

POOL = 50  # batches of samples that are sorted by length at a time
TRAIN, VALIDATION = 0.7, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, Any]  # by name, samples first; some are Ragged
Batch = tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]  # inputs, target, weight


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

    def shortened(self, at: int) -> Ragged:
        """The sequences without their first step (0) or their last one (-1)."""
        kept = np.ones(len(self.values), dtype=bool)
        kept[self.starts if at == 0 else self.starts + self.lengths - 1] = False
        return Ragged(self.values[kept], self.lengths - 1, self.padding)

    def like(self, padded: np.ndarray) -> Ragged:
        """Sequences of the same lengths out of an array that is padded as these would be."""
        return Ragged(padded[self.there], self.lengths)


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray | Ragged, ...]  # heard [B, T], listener [B]
    target: Ragged  # [B, T]
    weight: np.ndarray  # [B, 1], in the loss

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        target, weight = (np.ascontiguousarray(a[indices]) for a in (self.target, self.weight))
        return inputs, target, weight


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
    parts = split(read(path, COLUMNS), path)
    train, validation, test = (assemble(part) for part in parts)
    return Dataset(train, validation, test)


def inputs_for_prediction(path: Path = DATA_PATH) -> tuple[np.ndarray, ...]:
    """The model's inputs for every sample of a file, whose lines may lack the target.

    Raises DataError if the file cannot be used.
    """
    arrays = read(path, INPUTS)
    return (arrays["heard"], arrays["listener"])


def batches(part: Part, size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """The part in batches, the last of which may be smaller; shuffled if given a generator."""
    order = np.arange(len(part)) if rng is None else bucketed(part, size, rng)
    for start in range(0, len(part), size):
        yield part.batch(order[start : start + size])


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


def assemble(part: Arrays) -> Part:
    """The samples of a part."""
    heard = part["heard"]
    listener = part["listener"]
    weight = weights_of(part, "sure")[:, None]
    return Part(inputs=(heard.shortened(-1), listener), target=heard.shortened(0), weight=weight)


def weights_of(part: Arrays, name: str) -> np.ndarray:
    """A column that weighs what the loss counts."""
    if (part[name] < 0).any():
        raise DataError(f"column {name!r} holds {part[name].min():g}: no weight is below zero")
    return part[name].astype(np.float32)


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
    """The named fields of a file with a sample a line, as the ids that are written there."""
    rows: dict[str, list[list[int]]] = {name: [] for name in names}
    weights: dict[str, list[float]] = {name: [] for name in names if name in WEIGHTS}
    for place, line in numbered_lines(path):
        texts = line.split("\t")
        given = names if len(texts) == len(names) < len(FIELDS) else FIELDS
        if len(texts) != len(given):
            raise DataError(f"{place}: {len(texts)} fields, but there should be {len(given)}")
        fields = dict(zip(given, texts, strict=True))
        for name in names:
            if name in WEIGHTS:
                weights[name].append(as_number(fields[name], name, place))
                continue
            rows[name].append(ids(fields[name], name, place))
    if not rows[names[0]]:
        raise DataError(f"{path} holds no lines")
    known = {name: joined(lists, name) for name, lists in rows.items() if name not in WEIGHTS}
    return known | {name: np.array(numbers) for name, numbers in weights.items()}


def ids(text: str, name: str, place: str) -> list[int]:
    """The ids of one field: whole numbers from 0 up to the bound."""
    found: list[int] = []
    for word in text.split():
        number = int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else -1
        if not 0 <= number < BOUNDS[name]:
            raise DataError(
                f"{place}: column {name!r} holds {word!r:.60}, "
                f"not a whole number from 0 to {BOUNDS[name] - 1}"
            )
        found.append(number)
    if name not in LISTS and len(found) > 1:
        raise DataError(f"{place}: column {name!r} has {len(found)} ids, but there should be one")
    if not found:
        raise DataError(f"{place}: column {name!r} has no ids")
    if name == TARGET and len(found) < 2:
        raise DataError(f"{place}: column {name!r} has no next step")
    return found


def joined(lists: list[list[int]], name: str) -> np.ndarray | Ragged:
    """The ids of a column: sequences, or one for each sample."""
    values = np.array([number for row in lists for number in row], np.int64)
    if name not in LISTS:
        return values
    lengths = np.array([len(row) for row in lists])
    return Ragged(values, lengths)


def as_number(text: str, name: str, place: str) -> float:
    """The number of one field."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise DataError(f"{place}: {text!r:.60} in column {name!r} is no number")
    return value


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a text file, each with its place; empty ones at the end are left out."""
    place = empty = ""
    try:
        with path.open("rb") as file:
            for number in count(1):
                raw = file.readline(LONGEST_LINE)
                if not raw:
                    return
                place = f"{path}, line {number}"
                if len(raw) == LONGEST_LINE:
                    raise DataError(f"{place} is longer than a million bytes")
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if not line.strip():
                    empty = empty or place
                    continue
                if empty:
                    raise DataError(f"{empty} is empty")
                yield place, line
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text: byte {error.start + 1} of it") from None


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples."""
    hits = prediction.argmax(axis=-1) == target
    own = np.take_along_axis(prediction, target[..., None], -1)
    above = (prediction > own).sum(axis=-1)
    wide = prediction.astype(np.float64)
    wide -= wide.max(axis=-1, keepdims=True)
    logs = wide - np.log(np.exp(wide).sum(axis=-1, keepdims=True))
    likelihood = np.take_along_axis(logs, target[..., None], -1)
    return {
        "accuracy": float(np.mean(hits)),
        "top_10_accuracy": float(np.mean(above < 10)),
        "perplexity": float(np.exp(-np.mean(likelihood))),
    }


def write_predictions(path: Path, prediction: Ragged) -> None:
    """Writes a csv file with the most likely class of each step.

    A name that ends in .npy gets a padded array of all. The file appears whole or not at all.
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


def lines(prediction: Ragged) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first."""
    values = prediction.values.argmax(axis=-1)
    yield ["sample", "step", TARGET]
    rows = iter(values.reshape(len(prediction.values), -1).tolist())
    for sample, length in enumerate(prediction.lengths.tolist(), start=1):
        for step in range(1, length + 1):
            yield [str(sample), str(step), *(str(value) for value in next(rows))]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target.values, 500) for part in parts]
    return {
        "heard": named([str(place) for place in range(500)], counts),
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
