"""Tagger: its data, split at random.

    data news {
        source  = conll("news.conll", columns=[text, pos, chunk, sure])
        tokens  = words(standardize=lower)
        batches = bucketed()
    }

By default: split = random(train=70%, validation=15%, seed=0).

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

DATA_PATH = Path("news.conll")  # as in the spec, from the current folder
FIELDS = ("text", "pos", "chunk", "sure")  # of each token
COLUMNS = ("text", "pos", "chunk", "sure")  # those that are read
INPUTS = ("text",)
OUTPUTS = ("pos", "chunk")  # of the model, with a target each
TARGETS = ("pos", "chunk")  # the column of each
WEIGHTS = ("sure",)  # what a line weighs in a loss
IDS = {"text": 5000}  # how many ids there are, at most
LABELS = {"pos": 45, "chunk": 23}  # how many labels, at most
RESERVED = ("[PAD]", "[UNK]")  # the ids below those of tokens
UNKNOWN = 1
LONGEST_LINE = 1_000_000  # bytes

POOL = 50  # batches of samples that are sorted by length at a time
STEPS_OF = (0, 0)  # the input whose steps each output has
TRAIN, VALIDATION = 0.7, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, Any]  # by column: texts, then their ids, some Ragged
Several = tuple[np.ndarray, ...]  # an array for each output, or input
Batch = tuple[Several, Several, Several]  # inputs, targets, weights


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


def unpadded(
    outputs: tuple[np.ndarray, ...], inputs: tuple[np.ndarray | Ragged, ...]
) -> tuple[np.ndarray, ...]:
    """The outputs of a batch: of those with steps the steps of data, one after another."""
    likes = [None if place is None else inputs[place] for place in STEPS_OF]
    pairs = zip(outputs, likes, strict=True)
    return tuple(o[like.there] if isinstance(like, Ragged) else o for o, like in pairs)


def regrouped(
    batches: list[tuple[np.ndarray, ...]], inputs: tuple[np.ndarray | Ragged, ...]
) -> tuple[np.ndarray | Ragged, ...]:
    """The outputs of all batches: those with steps as sequences again."""
    whole = [np.concatenate(values) for values in zip(*batches, strict=True)]
    likes = [None if place is None else inputs[place] for place in STEPS_OF]
    pairs = zip(whole, likes, strict=True)
    return tuple(Ragged(o, like.lengths) if isinstance(like, Ragged) else o for o, like in pairs)


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray | Ragged, ...]  # text [B, T], text_lengths [B]
    targets: tuple[np.ndarray | Ragged, ...]  # pos [B, T], chunk [B, T]
    weights: tuple[np.ndarray | Ragged, ...]  # pos [B, T], chunk [B, T]

    def __len__(self) -> int:
        return len(self.targets[0])

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        targets = tuple(np.ascontiguousarray(values[indices]) for values in self.targets)
        weights = tuple(np.ascontiguousarray(values[indices]) for values in self.weights)
        return inputs, targets, weights


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the ids of each column stand for.

    Id 0 pads and id 1 stands for any token that is not known.
    The tokens of the training part follow, the most frequent first, as many as there are ids for.
    Labels, which have no ids to spare, are those of all parts, in alphabetical order.
    """

    known: dict[str, list[str]]

    @classmethod
    def fit(cls, part: Arrays, whole: Arrays) -> Vocabulary:
        """The vocabulary of a training part, and the labels of the whole."""
        known: dict[str, list[str]] = {}
        for name, size in IDS.items():
            counts = Counter(chain.from_iterable(part[name]))
            ranked = sorted(counts, key=lambda token: (-counts[token], token))
            known[name] = ranked[: size - len(RESERVED)]
        for name, size in LABELS.items():
            known[name] = sorted(set(chain.from_iterable(whole[name])))
            if len(known[name]) > size:
                counted = f"{len(known[name])} labels"
                raise DataError(f"column {name!r} has {counted}, but the model gives {size}")
        return cls(known)

    def encode(self, fields: Arrays) -> Arrays:
        """The ids of all columns."""
        found: Arrays = {}
        for name, texts in fields.items():
            if name in WEIGHTS:
                lengths = np.array([len(row) for row in texts])
                found[name] = Ragged(np.concatenate(texts), lengths)
                continue
            ids = self.ids(name)
            rows = [[number(word, ids, name) for word in tokens] for tokens in texts]
            lengths = np.array([len(row) for row in rows])
            found[name] = Ragged(np.array([place for row in rows for place in row]), lengths)
        return found

    def ids(self, name: str) -> dict[str, int]:
        """The id of each token that a column is known to have."""
        first = len(RESERVED) if name in IDS else 0
        return {token: place for place, token in enumerate(self.known[name], start=first)}

    def words(self, name: str) -> list[str]:
        """What each id of a column stands for; ids that are never used are their own names."""
        known = [*self.known[name]]
        return known + [str(place) for place in range(len(known), LABELS[name])]

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps(self.known)

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """The vocabulary of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            known = {name: [str(token) for token in kept[name]] for name in (IDS | LABELS)}
        except (ValueError, KeyError, TypeError):
            raise DataError("the vocabulary kept with the weights does not fit this data") from None
        room = {name: size - len(RESERVED) for name, size in IDS.items()} | LABELS
        if any(len(known[name]) > size for name, size in room.items()):
            raise DataError("the vocabulary kept with the weights is larger than the model's")
        return cls(known)


def number(token: str, ids: dict[str, int], name: str) -> int:
    """The id of a token or a label of a column."""
    if token in ids:
        return ids[token]
    if name in LABELS:
        raise DataError(f"the label {token!r:.60} of column {name!r} is none of the known ones")
    return UNKNOWN


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
    whole = read(path, COLUMNS)
    parts = split(whole, path)
    vocabulary = vocabulary or Vocabulary.fit(parts[0], whole)
    parts = [vocabulary.encode(part) for part in parts]
    class_weights = {"chunk": balanced(parts[0]["chunk"].values, 23)}
    train, validation, test = (assemble(part, class_weights) for part in parts)
    return Dataset(train, validation, test, vocabulary)


def inputs_for_prediction(path: Path, vocabulary: Vocabulary) -> tuple[np.ndarray | Ragged, ...]:
    """The model's inputs for every line of a file, whose lines may lack the target.

    Raises DataError if the file cannot be used.
    """
    part = vocabulary.encode(read(path, INPUTS))
    return (part["text"], part["text"].lengths)


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


def assemble(part: Arrays, class_weights: dict[str, np.ndarray]) -> Part:
    """The samples of a part."""
    text = part["text"]
    pos = part["pos"]
    pos_weight = pos.exchanged(weights_of(part, "sure"))
    chunk = part["chunk"]
    chunk_weight = chunk.exchanged(class_weights["chunk"][chunk.values])
    return Part(
        inputs=(text, text.lengths), targets=(pos, chunk), weights=(pos_weight, chunk_weight)
    )


def balanced(ids: np.ndarray, classes: int) -> np.ndarray:
    """Weights of classes by which all of them weigh the same in these ids."""
    counts = np.bincount(ids.reshape(-1), minlength=classes)
    return (counts.sum() / (classes * np.maximum(counts, 1))).astype(np.float32)


def weights_of(part: Arrays, name: str) -> np.ndarray:
    """A column that weighs what the loss counts."""
    values = all_steps(part[name])
    if (values < 0).any():
        raise DataError(f"column {name!r} holds {values.min():g}: no weight is below zero")
    return values.astype(np.float32)


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
    """The named columns of a file with a token a line."""
    rows: dict[str, list[list[float] | str | list[str]]] = {name: [] for name in names}
    for place, texts in samples(path):
        given = INPUTS if names == INPUTS and len(texts) == len(INPUTS) else FIELDS
        if len(texts) != len(given):
            raise DataError(f"{place}: {len(texts)} fields, but there should be {len(given)}")
        fields = dict(zip(given, texts, strict=True))
        for name in names:
            if name in WEIGHTS:
                numbers = fields[name].split()
                rows[name].append([as_number(text, name, place) for text in numbers])
                continue
            rows[name].append(token_list(fields[name], name, place))
    if not rows[names[0]]:
        raise DataError(f"{path} holds no samples")
    return {name: np.fromiter(texts, object, len(texts)) for name, texts in rows.items()}


def samples(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The columns of each sample, blanks between its tokens, with the place where it begins."""
    rows: list[list[str]] = []
    begin = ""
    for place, line in chain(numbered_lines(path), [("", "")]):
        fields = line.split()
        if fields:
            begin = begin if rows else place
            rows.append(fields)
            if len(fields) != len(rows[0]):
                raise DataError(f"{place}: {len(fields)} fields, but {len(rows[0])} before it")
        elif rows:
            yield begin, [" ".join(column) for column in zip(*rows, strict=True)]
            rows = []


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a text file, each with its place."""
    place = ""
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
                yield place, line
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text: byte {error.start + 1} of it") from None


def as_number(text: str, name: str, place: str) -> float:
    """The number of one field."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise DataError(f"{place}: {text!r:.60} in column {name!r} is no number")
    return value


def token_list(text: str, name: str, place: str) -> list[str]:
    """The tokens of one field."""
    tokens = cut(text if name in LABELS else standard(text))
    if not tokens:
        raise DataError(f"{place}: column {name!r} has no word")
    return tokens


def cut(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


def standard(text: str) -> str:
    """A text in the form in which its tokens are told apart."""
    return text.lower()


def edit_distance(told: np.ndarray, known: np.ndarray) -> int:
    """How many ids to put in, leave out or exchange to make `known` of `told`: Levenshtein's."""
    places = np.arange(len(known) + 1)
    row = places  # how far what was told up to here is from each beginning of what is known
    for taken, one in enumerate(told, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (known != one))
        row = np.minimum.accumulate(np.append(taken, best) - places) + places
    return int(row[-1])


def score(
    predictions: tuple[np.ndarray, ...],
    targets: tuple[np.ndarray, ...],
    lengths: dict[str, np.ndarray],
) -> dict[str, float]:
    """Metrics of each output over all samples."""
    pos, chunk = predictions
    pos_target, chunk_target = targets
    chunk_lengths = lengths["chunk"]
    pos_hits = pos.argmax(axis=-1) == pos_target
    chunk_hits = chunk.argmax(axis=-1) == chunk_target
    chunk_ends = np.cumsum(chunk_lengths)[:-1]
    chunk_answers = np.split(chunk.argmax(axis=-1).ravel(), chunk_ends)
    chunk_truths = np.split(chunk_target.ravel(), chunk_ends)
    chunk_pairs = zip(chunk_answers, chunk_truths, strict=True)
    chunk_distances = [edit_distance(a, b) / max(len(b), 1) for a, b in chunk_pairs]
    return {
        "pos_accuracy": float(np.mean(pos_hits)),
        "chunk_accuracy": float(np.mean(chunk_hits)),
        "chunk_edit_distance": float(np.mean(chunk_distances)),
    }


def write_predictions(
    path: Path, predictions: tuple[np.ndarray | Ragged, ...], vocabulary: Vocabulary
) -> None:
    """Writes a csv file with one line for each step of each sample, of classes the most likely one.

    A name that ends in .npz gets an array for each output, padded where it has steps.
    The file appears whole or not at all.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".npz":
            with partial.open("wb") as file:
                np.savez(file, **dict(zip(OUTPUTS, predictions, strict=True)))
        else:
            with partial.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines(predictions, vocabulary))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(
    predictions: tuple[np.ndarray | Ragged, ...], vocabulary: Vocabulary
) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first."""
    pos, chunk = predictions
    pos = most_likely(pos)
    chunk = most_likely(chunk)
    words = [vocabulary.words(name) for name in TARGETS]
    header = ["sample", "step"]
    header += ["pos"]
    header += ["chunk"]
    yield header
    tables = [by_sample(values) for values in (pos, chunk)]
    for sample, outputs in enumerate(zip(*tables, strict=True), start=1):
        for step in range(max(map(len, outputs))):
            found = [fields(rows, known, step) for rows, known in zip(outputs, words, strict=True)]
            yield [str(sample), str(step + 1), *(field for row in found for field in row)]


def by_sample(values: np.ndarray | Ragged) -> list[np.ndarray]:
    """What is written of each sample, [lines, fields]: a line for each step, or a single one."""
    if not isinstance(values, Ragged):
        return list(values.reshape(len(values), 1, -1))
    return np.split(values.values.reshape(len(values.values), -1), values.starts[1:])


def fields(rows: np.ndarray, known: list[str], step: int) -> list[str]:
    """The words of a step; empty ones behind the last."""
    return [known[value] for value in rows[step]] if step < len(rows) else [""] * rows.shape[1]


def most_likely(values: np.ndarray | Ragged) -> np.ndarray | Ragged:
    """The class with the largest number, of each sample or step."""
    if isinstance(values, Ragged):
        return replace(values, values=values.values.argmax(axis=-1))
    return values.argmax(axis=-1)


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    pos_counts = [counted(part.targets[0].values, 45) for part in parts]
    chunk_counts = [counted(part.targets[1].values, 23) for part in parts]
    return {
        "pos": named(dataset.vocabulary.known["pos"], pos_counts),
        "chunk": named(dataset.vocabulary.known["chunk"], chunk_counts),
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
