"""Days: its data, split in file order, scaled and cut into windows.

    data seattle {
        source = csv("../../../examples/data/seattle.csv", columns=[temp_max, temp_min, wind, kind])
        inputs  = [temp_max, temp_min, wind]
        windows = sliding(steps=14)
        scale   = standard()
    }

By default: split = chronological(train=70%, validation=15%).

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

DATA_PATH = Path("../../../examples/data/seattle.csv")  # as in the spec, from the current folder
DAYS_COLUMNS = ("temp_max", "temp_min", "wind")
WARMTH_COLUMNS = ("temp_max", "temp_min")
OUTPUTS = ("warmth", "kind")  # of the model, with a target each
COLUMNS = ("temp_max", "temp_min", "wind", "kind")  # all that are read
BOUNDS = {"kind": 5}  # ids lie in [0, bound)
MISSING = {"", "na", "nan", "null"}  # what a field without a value says
LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32

STEPS = 14  # rows in a window
TRAIN, VALIDATION = 0.7, 0.15  # of the rows, in file order; the rest is the test part

Arrays = dict[str, np.ndarray]  # columns by name, [rows] each
Batch = tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]  # inputs, targets


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order. Arrays may be views into the series."""

    inputs: tuple[np.ndarray, ...]  # days [B, 14, 3]
    targets: tuple[np.ndarray, ...]  # warmth [B, 2], kind [B, 14]
    # by score: what errors are divided by, to be broadcast to the target
    naive: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.targets[0])

    def batch(self, indices: np.ndarray) -> Batch:
        """The samples at these places, copied out in that order."""
        inputs = tuple(np.ascontiguousarray(values[indices]) for values in self.inputs)
        targets = tuple(np.ascontiguousarray(values[indices]) for values in self.targets)
        return inputs, targets


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
        for name in DAYS_COLUMNS:
            values = part[name]
            low, high = float(values.min()), float(values.max())
            shift[name] = float(values.mean())
            factor[name] = float(values.std()) if low < high else 1.0
        return cls(shift, factor)

    def apply(self, part: Arrays) -> Arrays:
        """Those of the columns that are scaled, in scaled units."""
        return {
            name: (values - self.shift[name]) / self.factor[name]
            for name, values in part.items()
            if name in self.shift
        }

    def invert_targets(self, values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Predictions or targets of all outputs in original units."""
        warmth, kind = values
        return (self.invert(warmth, WARMTH_COLUMNS), kind)

    def invert(self, values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """Columns that stand side by side, in original units."""
        shift = np.array([self.shift[name] for name in names])
        factor = np.array([self.factor[name] for name in names])
        return values * factor + shift

    def to_json(self) -> str:
        """The form in which a checkpoint keeps it."""
        return json.dumps({"shift": self.shift, "factor": self.factor})

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """The scaling of a checkpoint. Raises DataError if it is not one of this data."""
        try:
            kept = json.loads(text)
            shift = {name: float(kept["shift"][name]) for name in DAYS_COLUMNS}
            factor = {name: float(kept["factor"][name]) for name in DAYS_COLUMNS}
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
    """The data set in a file: split in file order, scaled and cut into windows.

    The scaling is fitted on the training part, unless that of a checkpoint is given.
    Raises DataError if the file cannot be used.
    """
    parts = split(read(path, COLUMNS), path)
    scaling = scaling or Scaling.fit(parts[0])
    naive = {"warmth_mase_7": naive_error(stack(parts[0], WARMTH_COLUMNS), 7)[None]}
    train, validation, test = (assemble(part, scaling, naive) for part in parts)
    return Dataset(train, validation, test, scaling)


def inputs_for_prediction(path: Path, scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The model's inputs for every window of a file.

    That includes the last window, after which nothing is known yet.
    Raises DataError if the file cannot be used.
    """
    columns = read(path, DAYS_COLUMNS)
    rows = len(next(iter(columns.values())))
    if rows < STEPS:
        raise DataError(f"{path} has {rows} rows; a window takes {STEPS}")
    scaled = scaling.apply(columns)
    return (windows(stack(scaled, DAYS_COLUMNS), STEPS),)


def batches(part: Part, size: int, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """The part in batches, the last of which may be smaller; shuffled if given a generator."""
    order = np.arange(len(part)) if rng is None else rng.permutation(len(part))
    for start in range(0, len(part), size):
        yield part.batch(order[start : start + size])


def assemble(part: Arrays, scaling: Scaling, naive: dict[str, np.ndarray]) -> Part:
    """The windows of a part with what each output is compared with; views, not copies."""
    scaled = scaling.apply(part)
    days = stack(scaled, DAYS_COLUMNS)
    warmth = stack(scaled, WARMTH_COLUMNS)
    kind = part["kind"]
    return Part(
        inputs=(windows(days[:-1], STEPS),),
        targets=(warmth[STEPS:], windows(kind[:-1], STEPS)),
        naive=naive,
    )


def windows(rows: np.ndarray, length: int) -> np.ndarray:
    """Windows of so many rows as views: [rows, ...] -> [windows, length, ...]."""
    return np.moveaxis(sliding_window_view(rows, length, axis=0), -1, 1)


def stack(columns: Arrays, names: tuple[str, ...]) -> np.ndarray:
    """Columns side by side: [rows, columns]."""
    return np.stack([columns[name] for name in names], axis=-1).astype(np.float32)


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
    """The named columns of a csv file with a header line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            columns = read_columns(file, path, names)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a csv file: {error}") from None
    for name, bound in BOUNDS.items():
        if name in columns:
            columns[name] = ids(columns[name], name, bound)
    return columns


def read_columns(file: TextIO, path: Path, names: tuple[str, ...]) -> Arrays:
    """The named columns as they stand."""
    numbered = numbered_lines(file)
    _, first = next(numbered, (1, []))
    header = [field.strip() for field in first]
    if not any(header):
        raise DataError(f"{path} is empty: there is no header line")
    places = [find(name, header, path) for name in names]
    table: list[list[float]] = []
    for line, fields in numbered:
        place = f"{path}, line {line}"
        if len(fields) != len(header):
            raise DataError(f"{place}: {len(fields)} fields under a header of {len(header)}")
        table.append([number(fields[at], f"{place}, column {header[at]!r}") for at in places])
    if not table:
        raise DataError(f"{path} has a header line but no rows")
    return dict(zip(names, np.ascontiguousarray(np.array(table).T), strict=True))


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
    """The number in a field."""
    text = text.strip()
    if text.lower() in MISSING:
        raise DataError(f"{place}: the value is missing, and the spec has no `missing` policy")
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{place}: {text!r:.40} is not a number") from None
    if not abs(value) <= LARGEST:
        raise DataError(f"{place}: {text!r:.40} is not a finite number, or too large for float32")
    return value


def ids(values: np.ndarray, name: str, bound: int) -> np.ndarray:
    """The values as int64; they must be whole numbers from 0 up to the bound."""
    wrong = np.argwhere(~((values >= 0) & (values < bound) & (values % 1 == 0)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise DataError(
            f"column {name!r} holds {values[place]:g} in row {place[0] + 1} below the header: "
            f"not a whole number from 0 to {bound - 1}"
        )
    return values.astype(np.int64)


def naive_error(rows: np.ndarray, season: int) -> np.ndarray:
    """The mean absolute error of forecasting each row by the one `season` rows before it."""
    if len(rows) <= season:
        raise DataError(
            f"the training part has {len(rows)} rows: too few to compare each with the one "
            f"{season} before it"
        )
    rows = rows.astype(np.float64)
    return np.maximum(np.abs(rows[season:] - rows[:-season]).mean(axis=0), 1e-7)


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
    naive: dict[str, np.ndarray],
) -> dict[str, float]:
    """Metrics of each output over all samples, in original units if all arrays are."""
    warmth, kind = predictions
    warmth_target, kind_target = targets
    warmth_error = warmth.astype(np.float64) - warmth_target
    warmth_size = np.maximum(np.abs(warmth) + np.abs(warmth_target), 1e-7)
    warmth_columns = warmth_target.reshape(-1, warmth_target.shape[-1]).astype(np.float64)
    warmth_spread = ((warmth_columns - warmth_columns.mean(axis=0)) ** 2).sum(axis=0)
    warmth_rest = (warmth_error.reshape(warmth_columns.shape) ** 2).sum(axis=0)
    warmth_explained = np.divide(
        warmth_spread - warmth_rest,
        warmth_spread,
        out=np.zeros_like(warmth_spread),
        where=warmth_spread > 0,
    )
    warmth_product = (warmth * warmth_target).sum(axis=-1)
    warmth_norms = np.linalg.norm(warmth, axis=-1)
    warmth_norms = warmth_norms * np.linalg.norm(warmth_target, axis=-1)
    warmth_told = np.log1p(np.maximum(warmth, 1e-7))
    warmth_known = np.log1p(np.maximum(warmth_target, 1e-7))
    kind_hits = kind.argmax(axis=-1) == kind_target
    kind_right = np.bincount(kind_target[kind_hits], minlength=kind.shape[-1])
    kind_told = np.bincount(kind.argmax(axis=-1).ravel(), minlength=kind.shape[-1])
    kind_known = np.bincount(kind_target.ravel(), minlength=kind.shape[-1])
    kind_own = np.take_along_axis(kind, kind_target[..., None], -1)
    kind_above = (kind > kind_own).sum(axis=-1)
    kind_answers = kind.argmax(axis=-1)
    kind_truths = kind_target
    kind_pairs = zip(kind_answers, kind_truths, strict=True)
    kind_distances = [edit_distance(a, b) / max(len(b), 1) for a, b in kind_pairs]
    kind_wide = kind.astype(np.float64)
    kind_wide -= kind_wide.max(axis=-1, keepdims=True)
    kind_logs = kind_wide - np.log(np.exp(kind_wide).sum(axis=-1, keepdims=True))
    kind_likelihood = np.take_along_axis(kind_logs, kind_target[..., None], -1)
    return {
        "warmth_rmse": float(np.sqrt(np.mean(warmth_error**2))),
        "warmth_mae": float(np.mean(np.abs(warmth_error))),
        "warmth_smape": float(200 * np.mean(np.abs(warmth_error) / warmth_size)),
        "warmth_r2": float(np.mean(warmth_explained)),
        "warmth_mase_7": float(np.mean(np.abs(warmth_error) / naive["warmth_mase_7"])),
        "warmth_cosine_similarity": float(np.mean(warmth_product / np.maximum(warmth_norms, 1e-7))),
        "warmth_msle": float(np.mean((warmth_told - warmth_known) ** 2)),
        "kind_accuracy": float(np.mean(kind_hits)),
        "kind_precision": float(np.mean(kind_right / np.maximum(kind_told, 1))),
        "kind_recall": float(np.mean(kind_right / np.maximum(kind_known, 1))),
        "kind_f1": float(np.mean(2 * kind_right / np.maximum(kind_told + kind_known, 1))),
        "kind_top_2_accuracy": float(np.mean(kind_above < 2)),
        "kind_edit_distance": float(np.mean(kind_distances)),
        "kind_perplexity": float(np.exp(-np.mean(kind_likelihood))),
    }


def write_predictions(path: Path, predictions: tuple[np.ndarray, ...]) -> None:
    """Writes a csv file with one line for each sample, of classes the most likely one.

    A name that ends in .npz gets an array for each output. The file appears whole or not at all.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".npz":
            with partial.open("wb") as file:
                np.savez(file, **dict(zip(OUTPUTS, predictions, strict=True)))
        else:
            with partial.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(lines(predictions))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def lines(predictions: tuple[np.ndarray, ...]) -> Iterator[list[str]]:
    """The lines of a csv file of predictions, header first, counted from 1."""
    warmth, kind = predictions
    kind = kind.argmax(axis=-1)
    header = [f"warmth_{column}" for column in WARMTH_COLUMNS]
    header += [f"kind_{place + 1}" for place in range(kind.shape[1])]
    yield header
    tables = (values.reshape(len(values), -1).tolist() for values in (warmth, kind))
    for rows in zip(*tables, strict=True):
        yield [f"{value:.7g}" for row in rows for value in row]


def class_counts(dataset: Dataset) -> dict[str, dict[str, list[int]]]:
    """How often each class of a target occurs in each part."""
    parts = (dataset.train, dataset.validation, dataset.test)
    kind_counts = [counted(part.targets[1], 5) for part in parts]
    return {
        "kind": named([str(place) for place in range(5)], kind_counts),
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
