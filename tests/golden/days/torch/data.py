"""Days: its data, split at random.

    data days {
        source  = tsv("data/days.tsv", columns=[written, iso])
        tokens  = characters(ends=true)
        target  = next_step(iso)
        split   = random(train=70%, validation=15%, seed=0)
        batches = bucketed(pool=10)
    }

Compiled by seqspec 0.1.0 from the spec days.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

DATA_PATH = Path("data/days.tsv")  # as in the spec, from the current folder
FIELDS = ("written", "iso")  # of a line, tabs between them
COLUMNS = ("written", "iso")  # those that are read
INPUTS = ("written", "iso")
TARGET = "iso"
IDS = {"written": 60, "iso": 16}  # how many ids there are, at most
RESERVED = ("[PAD]", "[UNK]", "[START]", "[END]")  # the ids below those of tokens
UNKNOWN, START, END = 1, 2, 3
LONGEST_LINE = 1_000_000  # bytes

POOL = 10  # batches of samples that are sorted by length at a time
TRAIN, VALIDATION = 0.7, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, Any]  # by column: texts, then their ids, some Ragged
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

    # written [B, S], written_lengths [B], iso [B, T], iso_lengths [B]
    inputs: tuple[np.ndarray | Ragged, ...]
    target: Ragged  # [B, T]

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        return inputs, np.ascontiguousarray(self.target[indices])


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the ids of each column stand for.

    Id 0 pads, 1 stands for any token not known, 2 and 3 begin and end each text.
    The tokens of the training part follow, the most frequent first, as many as there are ids for.
    """

    known: dict[str, list[str]]

    @classmethod
    def fit(cls, part: Arrays) -> Vocabulary:
        """The vocabulary of a training part."""
        known: dict[str, list[str]] = {}
        for name, size in IDS.items():
            counts = Counter(chain.from_iterable(part[name]))
            ranked = sorted(counts, key=lambda token: (-counts[token], token))
            known[name] = ranked[: size - len(RESERVED)]
        return cls(known)

    def encode(self, fields: Arrays) -> Arrays:
        """The ids of all columns."""
        found: Arrays = {}
        for name, texts in fields.items():
            ids = self.ids(name)
            rows = [[START, *(ids.get(word, UNKNOWN) for word in tokens), END] for tokens in texts]
            lengths = np.array([len(row) for row in rows])
            found[name] = Ragged(np.array([place for row in rows for place in row]), lengths)
        return found

    def ids(self, name: str) -> dict[str, int]:
        """The id of each token that a column is known to have."""
        first = len(RESERVED)
        return {token: place for place, token in enumerate(self.known[name], start=first)}

    def words(self, name: str) -> list[str]:
        """What each id of a column stands for; ids that are never used are their own names."""
        known = [*RESERVED, *self.known[name]]
        return known + [str(place) for place in range(len(known), IDS[name])]

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps(self.known)

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """The vocabulary of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            known = {name: [str(token) for token in kept[name]] for name in IDS}
        except (ValueError, KeyError, TypeError):
            raise DataError("the vocabulary kept with the weights does not fit this data") from None
        room = {name: size - len(RESERVED) for name, size in IDS.items()}
        if any(len(known[name]) > size for name, size in room.items()):
            raise DataError("the vocabulary kept with the weights is larger than the model's")
        return cls(known)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The parts of the data and the vocabulary that their ids are of."""

    train: Part
    validation: Part
    test: Part
    vocabulary: Vocabulary


def load(path: Path = DATA_PATH, vocabulary: Vocabulary | None = None) -> Dataset:
    """The data set in a file: split at random, its texts as ids.

    The vocabulary is that of the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, COLUMNS), path)
    vocabulary = vocabulary or Vocabulary.fit(parts[0])
    train, validation, test = (assemble(part, vocabulary) for part in parts)
    return Dataset(train, validation, test, vocabulary)


def inputs_for_prediction(path: Path, vocabulary: Vocabulary) -> tuple[np.ndarray | Ragged, ...]:
    """The model's inputs for every line of a file, whose lines may lack the target.

    Raises DataError if the file cannot be used.
    """
    part = vocabulary.encode(read(path, INPUTS))
    return (part["written"], part["written"].lengths, part["iso"], part["iso"].lengths)


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


def assemble(part: Arrays, vocabulary: Vocabulary) -> Part:
    """The samples of a part."""
    part = vocabulary.encode(part)
    written = part["written"]
    iso = part["iso"]
    return Part(
        inputs=(written, written.lengths, iso.shortened(-1), iso.shortened(-1).lengths),
        target=iso.shortened(0),
    )


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
    """The named fields of a file with a sample a line; those of tokens are cut."""
    rows: dict[str, list[str | list[str]]] = {name: [] for name in names}
    for place, line in numbered_lines(path):
        texts = line.split("\t")
        given = INPUTS if names == INPUTS and len(texts) == len(INPUTS) else FIELDS
        if len(texts) != len(given):
            raise DataError(f"{place}: {len(texts)} fields, but there should be {len(given)}")
        fields = dict(zip(given, texts, strict=True))
        for name in names:
            rows[name].append(token_list(fields[name], name, place))
    if not rows[names[0]]:
        raise DataError(f"{path} holds no lines")
    return {name: np.fromiter(texts, object, len(texts)) for name, texts in rows.items()}


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


def token_list(text: str, name: str, place: str) -> list[str]:
    """The tokens of one field."""
    tokens = cut(text)
    if not tokens:
        raise DataError(f"{place}: column {name!r} has no character")
    return tokens


def cut(text: str) -> list[str]:
    """The characters of a text."""
    return list(text)


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples."""
    hits = prediction.argmax(axis=-1) == target
    return {
        "accuracy": float(np.mean(hits)),
    }


def write_predictions(path: Path, prediction: Ragged, vocabulary: Vocabulary) -> None:
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
                csv.writer(file).writerows(lines(prediction, vocabulary))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(prediction: Ragged, vocabulary: Vocabulary) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first."""
    values = prediction.values.argmax(axis=-1)
    words = vocabulary.words(TARGET)
    yield ["sample", "step", TARGET]
    rows = iter(values.reshape(len(prediction.values), -1).tolist())
    for sample, length in enumerate(prediction.lengths.tolist(), start=1):
        for step in range(1, length + 1):
            yield [str(sample), str(step), *(words[value] for value in next(rows))]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target.values, 16) for part in parts]
    return {
        "iso": named(dataset.vocabulary.words(TARGET), counts),
    }


def named(names: list[str], counts: list[np.ndarray]) -> dict[str, list[int]]:
    """The numbers of each token that there is in all parts; blanks are shown in quotes."""
    pairs = zip(names, np.transpose(counts).tolist(), strict=True)
    return {name if name.strip() else repr(name): found for name, found in pairs if any(found)}


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
