"""Tagger: checkpoints, from which a training goes on as if it had never stopped.

checkpoint-N.safetensors in the folder of a run holds all that the epochs after epoch N depend on.
What it speaks of, weights and metrics, is on the disk before it; it appears whole or not at all;
it is checked when it is read; the one before is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

import weights
from data import Part

FORMAT = {
    "format": "seqspec-checkpoint",
    "format_version": "1",
    "backend": "keras",
    "precision": "float32",
    "model": weights.FORMAT["model"],
    "spec_sha256": weights.FORMAT["spec_sha256"],
}
BLANK = "-" * 64  # stands where the digest of a file will be, while that is made
SAMPLED = 64_000_000  # bytes of a part of the data that tell it from others
LOCK = ".lock"
METRICS, BEST, LAST = "metrics.jsonl", "best.safetensors", "last.safetensors"


class CheckpointError(RuntimeError):
    """A training cannot go on from what is in its folder; the message says why."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that the epochs after one epoch depend on.

    `settings` are what the training was told, such as the seed; `progress` are numbers of the
    training loop, such as the best loss so far; `arrays` all of weights, optimizer and generators.
    """

    epoch: int
    settings: dict[str, Any]
    progress: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def finished(self, epochs: int) -> bool:
        """Whether so many epochs are over, or training stopped by itself."""
        return self.epoch >= epochs or self.progress.get("stopped", False)

    def check(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Raises CheckpointError unless it holds arrays of these shapes, those of the model."""
        for name, shape in shapes.items():
            if name not in self.arrays:
                raise CheckpointError(f"the checkpoint has no {name!r}: it is of another model")
            found = self.arrays[name].shape
            if found != shape:
                raise CheckpointError(
                    f"the checkpoint has {name!r} with the shape {list(found)}, "
                    f"the model needs {list(shape)}"
                )
        weights = {name for name in self.arrays if name.startswith("model/")}
        if extra := sorted(weights - shapes.keys()):
            raise CheckpointError(f"the checkpoint has {extra[0]!r}, which the model does not have")


class Checkpoints:
    """Writes the checkpoints of a run. Other settings than those of `resume` are refused."""

    def __init__(self, run: Path, settings: dict[str, Any], resume: Checkpoint | None) -> None:
        self.run = run
        self.settings = settings
        self.ended, self.cost = 0.0, 0.0  # of the latest one, in seconds
        if resume is not None:
            for name, value in settings.items():
                begun = resume.settings[name]
                if name not in ("epochs", "data") and value != begun:
                    raise CheckpointError(f"{run} was begun with {name}={begun}, not {value}")
            if settings["data"] != resume.settings["data"]:
                raise CheckpointError(f"these are not the data that {run} was begun with")
            if resume.epoch and not (run / BEST).exists():
                raise CheckpointError(f"{run / BEST} is missing, so the best weights are lost")
            cut(run / METRICS, resume.epoch)

    def due(self) -> bool:
        """Whether one costs little by now: writing them takes up to a tenth of the time."""
        return time.monotonic() - self.ended >= 10 * self.cost

    def write(self, epoch: int, progress: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Writes a checkpoint after what it speaks of is on the disk, and keeps the one before."""
        started = time.monotonic()
        path = self.run / f"checkpoint-{epoch}.safetensors"
        partial = self.run / ".checkpoint.partial"
        training = {"epoch": epoch, "settings": self.settings, "progress": progress}
        metadata = {**FORMAT, "training": json.dumps(training), "sha256": BLANK}
        content = safetensors.numpy.save(arrays, metadata)
        digest = hashlib.sha256(content).hexdigest()
        try:
            for name in (BEST, LAST, METRICS):
                if epoch:
                    sync(self.run / name)
            with partial.open("wb") as file:
                file.write(content.replace(BLANK.encode(), digest.encode(), 1))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            sync(self.run)
        except OSError as error:
            kept = "; the checkpoint before is whole" if numbers(self.run) else ""
            raise OSError(error.errno, f"{error.strerror}{kept}", str(path)) from None
        finally:
            partial.unlink(missing_ok=True)
        older = [number for number in numbers(self.run) if number < epoch]
        for number in {*numbers(self.run)} - {epoch, *older[:1]}:
            (self.run / f"checkpoint-{number}.safetensors").unlink()
        self.ended = time.monotonic()
        self.cost = self.ended - started


def newest(run: Path) -> Checkpoint | None:
    """The newest whole checkpoint of a run, None if it was ended before its first one.

    Raises CheckpointError if there is none where there should be, or it is of another program.
    """
    found = numbers(run)
    for number in found:
        path = run / f"checkpoint-{number}.safetensors"
        checkpoint = read(path)
        if checkpoint is not None:
            return checkpoint
        print(f"warning: {path} is damaged, the one before is used", file=sys.stderr)
    if found or (run / METRICS).exists():
        raise CheckpointError(f"{run} has no whole checkpoint to go on from")
    return None


def numbers(run: Path) -> list[int]:
    """The epochs of the checkpoints in a folder, newest first."""
    names = [path.stem.removeprefix("checkpoint-") for path in run.glob("checkpoint-*.safetensors")]
    return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


def read(path: Path) -> Checkpoint | None:
    """A checkpoint, None if it is damaged.

    Raises CheckpointError if another program has written it.
    """
    content = path.read_bytes()
    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        digest = metadata["sha256"]
        whole = content.replace(digest.encode(), BLANK.encode(), 1)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if hashlib.sha256(whole).hexdigest() != digest:
        return None
    for name, wanted in FORMAT.items():
        if metadata.get(name) != wanted:
            raise CheckpointError(
                f"{path} has the {name} {metadata.get(name)!r}, this program {wanted!r}"
            )
    return Checkpoint(**json.loads(metadata["training"]), arrays=safetensors.numpy.load(content))


def fingerprint(*parts: Part) -> str:
    """A digest of parts of the data."""
    digest = hashlib.sha256()
    for part in parts:
        for batch in spread(part):
            for array in flat(batch):
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(array.tobytes())
    return digest.hexdigest()


def spread(part: Part) -> Iterator[Any]:
    """All samples of a part in batches, evenly spread ones if they are many."""
    size = sum(array.nbytes for array in flat(part.batch(np.arange(1))))
    chosen = np.arange(0, len(part), max(1, len(part) * size // SAMPLED))
    for start in range(0, len(chosen), 64):
        yield np.array(len(part)), *part.batch(chosen[start : start + 64])


def flat(arrays: Any) -> Iterator[np.ndarray]:
    """The arrays in tuples of tuples."""
    if isinstance(arrays, tuple):
        for inner in arrays:
            yield from flat(inner)
    else:
        yield arrays


def cut(metrics: Path, epochs: int) -> None:
    """Takes off the records after so many epochs, the last of which may be half a line."""
    lines = metrics.read_bytes().splitlines(keepends=True) if metrics.exists() else []
    if len(lines) < epochs:
        raise CheckpointError(f"{metrics} has {len(lines)} records of {epochs} epochs")
    if len(lines) > epochs:
        os.truncate(metrics, sum(map(len, lines[:epochs])))


def sync(path: Path) -> None:
    """Returns when a file, or what names there are in a folder, has reached the disk."""
    if sys.platform == "win32":
        return  # cannot do it for folders, nor for files that are only read
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(run: Path, *, resume: bool) -> Iterator[None]:
    """Keeps other processes from training in a folder; the system frees it if this one is killed.

    Raises CheckpointError if another one is at it, or there is no run to resume.
    """
    if resume and not run.is_dir():
        raise CheckpointError(f"there is no run {run}")
    if resume and any(run.iterdir()) and not (run / LOCK).exists() and not numbers(run):
        raise CheckpointError(f"{run} is not the folder of a run")
    run.mkdir(parents=True, exist_ok=True)
    with (run / LOCK).open("w") as file:
        if sys.platform != "win32":
            import fcntl  # there is none on Windows

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CheckpointError(f"another process is training in {run}") from None
        yield
