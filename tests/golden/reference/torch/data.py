"""Reference: its data, split in file order and read in lanes.

    data manual {
        source  = text("data/python_reference.txt")
        tokens  = characters()
        split   = chronological(train=80%, validation=10%)
        batches = streams(chunk=25, lanes=128)
        target  = next_step()
    }

Compiled by seqspec 0.1.0 from the spec reference.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

DATA_PATH = Path("data/python_reference.txt")  # as in the spec, from the current folder
NAME = "text"  # what the text is called
TARGET = "text"
IDS = {"text": 99}  # how many ids there are, at most
RESERVED = ("[PAD]", "[UNK]")  # the ids below those of tokens
UNKNOWN = 1

CHUNK = 25  # steps of a batch; gradients end there
LANES = 128  # parts of the text that are read side by side
TRAIN, VALIDATION = 0.8, 0.1  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # by column: texts, then their ids
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
    """The ids of a text, and the lanes in which they are read side by side."""

    inputs: tuple[np.ndarray, ...]  # text [rows]
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
    target: np.ndarray  # [rows]; of each row what the next one has

    def __len__(self) -> int:
        return int(self.stream.steps.sum())

    def batch(self, chunk: Chunk) -> Batch:
        """What a chunk holds, each array [B, T, ...]."""
        rows = chunk.rows
        return self.stream.batch(chunk), self.target[rows]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the ids of each column stand for.

    Id 0 pads and id 1 stands for any token that is not known.
    The tokens of the training part follow, the most frequent first, as many as there are ids for.
    """

    known: dict[str, list[str]]

    @classmethod
    def fit(cls, part: Arrays) -> Vocabulary:
        """The vocabulary of a training part."""
        known: dict[str, list[str]] = {}
        for name, size in IDS.items():
            counts = Counter(part[name])
            ranked = sorted(counts, key=lambda token: (-counts[token], token))
            known[name] = ranked[: size - len(RESERVED)]
        return cls(known)

    def encode(self, fields: Arrays) -> Arrays:
        """The ids of all columns."""
        ids = self.ids(NAME)
        return {NAME: np.array([ids.get(token, UNKNOWN) for token in fields[NAME]])}

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
    """The data set in a file: split in file order and read in lanes, its texts as ids.

    The vocabulary is that of the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path), path)
    vocabulary = vocabulary or Vocabulary.fit(parts[0])
    train, validation, test = (assemble(part, vocabulary) for part in parts)
    return Dataset(train, validation, test, vocabulary)


def inputs_for_prediction(path: Path, vocabulary: Vocabulary) -> Stream:
    """The model's inputs for every character of a file.

    Raises DataError if the file cannot be used.
    """
    part = vocabulary.encode(read(path))
    return stream_of(part, (part["text"],))


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
    """The same rows with the lanes of a text put together again."""
    parts: dict[str, list[int]] = {}
    for lane, name in enumerate(stream.names):
        parts.setdefault(name.rpartition(" ")[0], []).append(lane)
    first = np.array([stream.first[lanes].min() for lanes in parts.values()])
    steps = np.array([stream.steps[lanes].sum() for lanes in parts.values()])
    order = np.argsort(-steps, kind="stable")
    names = tuple([*parts][place] for place in order)
    return replace(stream, names=names, first=first[order], steps=steps[order])


def stream_of(
    arrays: Arrays, inputs: tuple[np.ndarray, ...], *, beyond: int = 0, lanes: int = 1
) -> Stream:
    """The rows of inputs in lanes, so many for a text; rows `beyond` are targets only."""
    whole, names = [(0, len(next(iter(arrays.values()))) - beyond)], ["1"]
    if lanes > 1:
        cuts = [np.linspace(begin, end, lanes + 1).astype(int).tolist() for begin, end in whole]
        whole = [piece for places in cuts for piece in pairwise(places)]
        names = [f"{name} {part}/{lanes}" for name in names for part in range(1, lanes + 1)]
    first, last = np.array(whole).T
    order = np.argsort(first - last, kind="stable")
    order = order[first[order] < last[order]]  # what has no step is left out
    if not len(order):
        raise DataError("there is no character with one after it")
    return Stream(
        inputs,
        tuple(names[lane] for lane in order),
        first[order],
        (last - first)[order],
    )


def assemble(part: Arrays, vocabulary: Vocabulary) -> Part:
    """The rows of a part as a stream, with their targets; a batch copies its own."""
    part = vocabulary.encode(part)
    text = part["text"]
    stream = stream_of(part, (text,), beyond=1, lanes=LANES)
    return Part(stream, target=text[1:])


def split(arrays: Arrays, path: Path) -> list[Arrays]:
    """The parts, cut in file order."""
    count = len(next(iter(arrays.values())))
    ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
    parts = [
        {name: values[start:end] for name, values in arrays.items()}
        for start, end in pairwise((0, *ends))
    ]
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        kept = len(next(iter(part.values())))
        if kept == 0:
            raise DataError(f"the {name} part of {path} is empty: {count} rows in all")
    return parts


def read(path: Path) -> Arrays:
    """The tokens of a text file, one after another."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line} is not UTF-8 text") from None
    tokens = cut(text)
    if not tokens:
        raise DataError(f"{path} holds no characters")
    return {NAME: np.fromiter(tokens, object, len(tokens))}


def cut(text: str) -> list[str]:
    """The characters of a text."""
    return list(text)


def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Metrics over all samples."""
    hits = prediction.argmax(axis=-1) == target
    wide = prediction.astype(np.float64)
    wide -= wide.max(axis=-1, keepdims=True)
    logs = wide - np.log(np.exp(wide).sum(axis=-1, keepdims=True))
    likelihood = np.take_along_axis(logs, target[..., None], -1)
    return {
        "accuracy": float(np.mean(hits)),
        "perplexity": float(np.exp(-np.mean(likelihood))),
    }


def write_predictions(path: Path, prediction: np.ndarray, vocabulary: Vocabulary) -> None:
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
                csv.writer(file).writerows(lines(prediction, vocabulary))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(prediction: np.ndarray, vocabulary: Vocabulary) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first."""
    values = prediction.argmax(axis=-1)
    words = vocabulary.words(TARGET)
    yield [TARGET]
    for row in values.reshape(len(prediction), -1).tolist():
        yield [words[value] for value in row]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    counts = [counted(part.target, 99) for part in parts]
    return {
        "text": named(dataset.vocabulary.words(TARGET), counts),
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
