"""Sleep: its data, split at random and scaled.

    data nights {
        source = npz("nights.npz")
        split  = random(train=70%, validation=15%)
        scale  = standard()
        target = stage
        memory = map
    }

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import csv
import hashlib
import inspect
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

import numpy as np

DATA_PATH = Path("nights.npz")  # as in the spec, from the current folder
TARGET = "stage"
INPUTS = ("breath",)
SCALED = ("breath",)
SHAPES = {"breath": ("B", 300, 3), "stage": ("B",)}
BOUNDS = {"stage": 4}  # ids lie in [0, bound)
BLOCK = 4_194_304  # numbers that are worked on at a time
STAMP = 64  # bytes in front of a file of numbers that tell what it was made from

TRAIN, VALIDATION = 0.7, 0.15  # of the samples, drawn at random; the rest is the test part
SPLIT_SEED = 0

Arrays = dict[str, np.ndarray]  # by name, samples first
Batch = tuple[tuple[np.ndarray, ...], np.ndarray]  # inputs, target


class DataError(ValueError):
    """The data cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Samples in file order."""

    inputs: tuple[np.ndarray, ...]  # breath [B, 300, 3]
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
            low, high = extremes(part[name])
            shift[name] = mean(blocks(part[name]))
            variance = mean((block - shift[name]) ** 2 for block in blocks(part[name]))
            factor[name] = np.where(low < high, np.sqrt(variance), 1.0)
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


def blocks(values: np.ndarray) -> Iterator[np.ndarray]:
    """Some of the steps at a time, [steps, features]."""
    width = values.shape[-1] if values.ndim > 1 else 1
    for rows in row_blocks(values):
        yield values[rows].astype(np.float64).reshape(-1, width)


def extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value of each feature."""
    found = [(block.min(axis=0), block.max(axis=0)) for block in blocks(values)]
    return np.min([low for low, _ in found], axis=0), np.max([high for _, high in found], axis=0)


def mean(found: Iterable[np.ndarray]) -> np.ndarray:
    """The mean of each feature over all blocks."""
    totals = [(len(block), block.sum(axis=0)) for block in found]
    return np.sum([total for _, total in totals], axis=0) / sum(count for count, _ in totals)


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
    return (on_disk(arrays, "breath", scaling),)


def assemble(part: Arrays, scaling: Scaling) -> Part:
    """The samples of a part."""
    breath = on_disk(part, "breath", scaling)
    target = on_disk(part, TARGET, dtype=np.int64)
    return Part(inputs=(breath,), target=target)


def on_disk(
    arrays: Arrays,
    name: str,
    scaling: Scaling | None = None,
    dtype: type[np.generic] = np.float32,
) -> np.ndarray:
    """An array as the model sees it: the map, or a file that is gone when the program ends."""
    values = arrays[name]
    if scaling is None and values.dtype == dtype:
        return values
    with TemporaryFile() as file:
        seen = np.memmap(file, dtype, "w+", shape=values.shape)
    for rows in row_blocks(values):
        block = values[rows]
        seen[rows] = block if scaling is None else scaling.apply({name: block})[name]
    return seen


def gathered(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """These rows of an array, in a file that is gone when the program ends."""
    if len(rows) == 0:
        return values[:0]
    with TemporaryFile() as file:
        kept = np.memmap(file, values.dtype, "w+", shape=(len(rows), *values.shape[1:]))
    for block in row_blocks(kept):
        kept[block] = values[rows[block]]
    return kept


def row_blocks(values: np.ndarray) -> Iterator[slice]:
    """All rows of an array, so few at a time that memory holds them."""
    rows = max(1, BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        yield slice(start, start + rows)


def split(arrays: Arrays, path: Path) -> list[Arrays]:
    """The parts, drawn at random; each keeps file order."""
    count = len(next(iter(arrays.values())))
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    ends = (round(count * TRAIN), round(count * (TRAIN + VALIDATION)), count)
    parts = [
        {name: gathered(values, np.sort(order[start:end])) for name, values in arrays.items()}
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
        with zipfile.ZipFile(path) as archive:
            members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        known = list(members)
        arrays = {name: mapped(path, members[name]) for name in names if name in members}
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
            for rows in row_blocks(arrays[name]):
                ids(arrays[name][rows], name, bound, np.arange(rows.start, rows.stop))
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
    for rows in row_blocks(values):
        with np.errstate(over="ignore"):
            narrow = values[rows].astype(np.float32, copy=False)
        if not np.isfinite(narrow).all():
            at, *rest = np.argwhere(~np.isfinite(narrow))[0].tolist()
            place = [rows.start + at, *rest]
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


def mapped(path: Path, member: zipfile.ZipInfo) -> np.ndarray:
    """An array of an archive as a memory map: in its place, or unpacked if it is compressed."""
    if member.compress_type != zipfile.ZIP_STORED:
        return npy_at(kept_in(path, member.filename), STAMP)
    with path.open("rb") as file:
        file.seek(member.header_offset)
        header = file.read(30)  # of the member; its name and an extra field follow
    lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    return npy_at(path, member.header_offset + 30 + sum(lengths))


def npy_at(path: Path, place: int) -> np.ndarray:
    """The array in npy form that begins at a byte of a file, as a memory map."""
    with path.open("rb") as file:
        file.seek(place)
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, columns_first, dtype = np.lib.format.read_array_header_2_0(file)
        order = "F" if columns_first else "C"
        return np.memmap(file, dtype, "r", offset=file.tell(), shape=shape, order=order)


def kept_in(path: Path, name: str) -> Path:
    """The file of numbers that stands for it; made if it was not or the archive has changed."""
    state = path.stat()
    stamp = f"{state.st_size} {state.st_mtime_ns}".encode().ljust(STAMP)
    beside, apart = places_for(path, name)
    kept = next((file for file in (beside, apart) if first_bytes(file) == stamp), None)
    if kept is None:
        kept = beside if os.access(path.parent, os.W_OK) else apart
        convert(path, name, kept, stamp)
    return kept


def places_for(path: Path, name: str) -> tuple[Path, Path]:
    """Where numbers are kept: beside the file or, if its folder is read-only, in the cache.

    The name tells which array it is and which lines of this program have made it.
    """
    code = inspect.getsource(convert)
    key = repr((name, code))
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


def convert(path: Path, name: str, kept: Path, stamp: bytes) -> None:
    """Unpacks a member of an archive; the file appears whole or not at all.

    Programs that do so at the same time do not meet: each writes a file of its own.
    """
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = kept.with_name(f".{kept.name}.{uuid4().hex[:8]}.partial")
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(name) as packed,
            partial.open("wb") as file,
        ):
            file.write(stamp)
            shutil.copyfileobj(packed, file)
        partial.replace(kept)
    finally:
        partial.unlink(missing_ok=True)


def ids(values: np.ndarray, name: str, bound: int, rows: np.ndarray) -> np.ndarray:
    """The values as int64; they must be whole numbers from 0 up to the bound."""
    wrong = np.argwhere(~((values >= 0) & (values < bound) & (values % 1 == 0)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise DataError(
            f"array {name!r} holds {values[place]:g} at {[int(rows[place[0]]), *place[1:]]}: "
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
        "stage": named([str(place) for place in range(4)], counts),
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
