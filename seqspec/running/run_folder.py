"""A run folder: everything about one training in one place.

::

    spec.seq           the text that was trained
    run.json           how: backend, overrides, data, seed, versions
    program/           the compiled program that did it
    metrics.jsonl      one line an epoch
    best.safetensors   the weights with the lowest validation loss
    last.safetensors   the weights after the last epoch
    checkpoint-N.safetensors   what training goes on from after epoch N; the latest two
    loss.png           the curve
    result.json        what came out, and the naive baseline

A folder appears at once with all that is known before training, or not at all, and one that
holds something is never written into.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from seqspec.running.errors import RunError, reason
from seqspec.running.program import FRAMEWORKS

if TYPE_CHECKING:
    from seqspec.backends.base import OutputFile

FORMAT = 1
_RETRAIN = "name a folder that `seqspec train` has written"


@dataclass(frozen=True, slots=True)
class Description:
    """What ``run.json`` says: how a run was made. ``data`` is an absolute path."""

    backend: str
    spec: str
    model: str
    digest: str
    overrides: Mapping[str, Any]
    data: str
    epochs: int
    seed: int
    device: str
    overfit_one_batch: bool
    seqspec: str


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The names of the things in a run folder."""

    path: Path

    @property
    def program(self) -> Path:
        return self.path / "program"

    @property
    def spec(self) -> Path:
        return self.path / "spec.seq"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def best(self) -> Path:
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def picture(self) -> Path:
        return self.path / "loss.png"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.csv"

    @property
    def forecast(self) -> Path:
        return self.path / "forecast.csv"

    @property
    def forecast_picture(self) -> Path:
        return self.path / "forecast.png"

    @property
    def backtest(self) -> Path:
        return self.path / "backtest.csv"

    def describe(self) -> Description:
        """What ``run.json`` says. Raises ``RunError`` if this is no run folder or it is damaged."""
        path = self.path / "run.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            if not self.path.is_dir():
                raise RunError(f"there is no run folder {self.path}", _RETRAIN) from error
            raise RunError(f"{self.path} is not a run folder: no run.json", _RETRAIN) from error
        except OSError as error:
            raise RunError(f"{path} cannot be read: {reason(error)}") from error
        except ValueError as error:
            raise RunError(f"{path} is damaged: {error}", "train again") from error
        if not isinstance(facts, dict):
            raise RunError(f"{path} is damaged: it holds no object", "train again")
        return _description(path, cast("dict[str, Any]", facts))

    def complete(self) -> bool:
        """Whether what came out of the training has been written, to its end."""
        try:
            return json.loads(self.result.read_text(encoding="utf-8"))["interrupted"] is False
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def checkpoint(self) -> Path:
        """The best weights, or the last ones. Raises ``RunError`` if training kept none."""
        for path in (self.best, self.last):
            if path.is_file():
                return path
        raise RunError(
            f"{self.path} holds no weights: training ended before the first epoch did",
            "train again",
        )

    def discard(self) -> None:
        """Removes the folder of a run that failed before it had any weights."""
        if not self.best.exists() and not self.last.exists():
            shutil.rmtree(self.path, ignore_errors=True)


def create(
    run: Path | None,
    description: Description,
    spec_text: str,
    files: Sequence[OutputFile],
    runs: Path = Path("runs"),
) -> RunFolder:
    """Makes a run folder at ``run``, or at the next free ``runs/<spec stem>-<number>``.

    Raises ``RunError`` if ``run`` holds something or its place cannot be written.
    """
    parent = runs if run is None else run.parent
    if run is not None:
        _refuse_used(run)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".new-run-", dir=parent))
    except OSError as error:
        raise RunError(
            f"cannot make a run folder in {parent.absolute()}: {reason(error)}",
            "name another place with --run",
        ) from error
    try:
        draft.chmod(0o777 & ~_umask())
        _fill(draft, description, spec_text, files)
        return RunFolder(_settle(draft, run, runs, Path(description.spec).stem))
    except OSError as error:
        raise RunError(f"cannot write the run folder: {reason(error)}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_json(path: Path, value: object) -> None:
    """Writes JSON in place of the file at once."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunError(f"{path} cannot be written: {reason(error)}") from error


def describe_anew(folder: RunFolder, description: Description) -> None:
    """Writes ``run.json`` again."""
    write_json(folder.path / "run.json", _facts(description))


def _facts(description: Description) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(description), "overrides": dict(description.overrides)}


def _refuse_used(run: Path) -> None:
    try:
        if run.is_dir() and not any(run.iterdir()):
            return
        exists = run.exists() or run.is_symlink()
    except OSError as error:
        raise RunError(f"{run} cannot be read: {reason(error)}") from error
    if exists:
        what = "is not empty" if run.is_dir() else "is a file"
        raise RunError(
            f"{run} {what}, and a run is never overwritten",
            "name a new folder with --run, or leave it out",
        )


def _fill(
    folder: Path, description: Description, spec_text: str, files: Sequence[OutputFile]
) -> None:
    (folder / "spec.seq").write_text(spec_text, encoding="utf-8", newline="")
    write_json(folder / "run.json", _facts(description))
    for file in files:
        path = folder / "program" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8", newline="\n")


def _settle(draft: Path, run: Path | None, runs: Path, stem: str) -> Path:
    """Gives the draft its name. Renaming a folder replaces nothing but an empty folder."""
    if run is not None:
        _rename(draft, run)
        return run
    number = 1 + max((_number(path.name, stem) for path in runs.iterdir()), default=0)
    while True:
        path = runs / f"{stem}-{number}"
        try:
            _rename(draft, path)
            return path
        except OSError:
            if not path.exists():
                raise
        number += 1  # somebody else was faster


def _rename(draft: Path, path: Path) -> None:
    if path.is_dir():
        path.rmdir()  # fails unless it is empty; not every system renames onto a folder
    draft.rename(path)


def _number(name: str, stem: str) -> int:
    head, _, tail = name.rpartition("-")
    return int(tail) if head == stem and tail.isascii() and tail.isdigit() else 0


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _description(path: Path, facts: dict[str, Any]) -> Description:
    if facts.pop("format", None) != FORMAT:
        raise RunError(
            f"{path} was written by another version of seqspec ({facts.get('seqspec', 'unknown')})",
            "use that version, or train again",
        )
    try:
        found = Description(**facts)
    except TypeError as error:
        raise RunError(
            f"{path} is damaged: entries are missing or unknown", "train again"
        ) from error
    texts = all(isinstance(facts[name], str) for name in ("data", "spec", "device"))
    if not texts or found.backend not in tuple(FRAMEWORKS):
        raise RunError(f"{path} is damaged: an entry is not what it should be", "train again")
    return found
