"""What came out of a training or an evaluation, for reading and for machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqspec.running.baseline import Baseline
from seqspec.running.history import Record, decisive

_PARTS = {
    "test": "test part",
    "validation": "validation part",
    "train": "training part (nothing was held out)",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """A model's scores on one part, and those of the baselines, best first.

    ``scaled`` says that the model sees scaled values; scores are in original units always.
    """

    part: str
    samples: int
    scores: Mapping[str, float]
    baselines: tuple[Baseline, ...] = ()
    scaled: bool = False

    def text(self) -> str:
        """A small table, one line for the model and for each baseline."""
        rows = [("model", self.scores), *((b.name, b.scores) for b in self.baselines)]
        names = list(self.scores)
        cells = [[label, *(_number(scores.get(n)) for n in names)] for label, scores in rows]
        head = f"{_PARTS[self.part]}, {self.samples:,} samples"
        if self.scaled:
            head += ", original units"
        return head + "\n" + table([["", *names], *cells])

    def to_json(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "samples": self.samples,
            "scores": _clean(self.scores),
            "baselines": [{"name": b.name, "scores": _clean(b.scores)} for b in self.baselines],
        }


@dataclass(frozen=True, slots=True)
class Result:
    """A finished or interrupted training.

    ``best`` is the record of the best epoch, in the units that the model sees. ``classes`` are the
    numbers of each class in training, validation and test part, by target. ``held_out`` is
    ``None`` after an interruption and after memorising one batch.
    """

    folder: Path
    backend: str
    epochs: int
    best: Record
    first: Record
    seconds: float
    held_out: Scores | None
    interrupted: bool = False
    one_batch: bool = False
    picture: bool = True
    classes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def text(self) -> str:
        """What to print at the end."""
        lines: list[str] = []
        if self.one_batch:
            before, after = self.first.get("loss", math.nan), self.best.get("loss", math.nan)
            lines.append(f"one batch, {self.epochs} epochs: loss {before:.4g} -> {after:.4g}")
        elif self.best:
            place = "val_loss" if "val_loss" in self.best else "loss"
            lines.append(
                f"best epoch {self.best.get('epoch', 0):.0f} of {self.epochs}: "
                f"{place} {decisive(self.best):.4g}  ({self.seconds:.0f} s)"
            )
        if self.held_out is not None:
            lines.append(self.held_out.text())
        if self.interrupted:
            lines.append(f"stopped; last checkpoint kept: {self.folder / 'last.safetensors'}")
        lines.append(f"run folder: {self.folder}" + (", curve: loss.png" if self.picture else ""))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "epochs": self.epochs,
            "best": _clean(self.best),
            "seconds": round(self.seconds, 1),
            "interrupted": self.interrupted,
            "overfit_one_batch": self.one_batch,
            "classes": self.classes,
            "held_out": self.held_out.to_json() if self.held_out is not None else None,
        }


def table(rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _clean(scores: Mapping[str, Any]) -> dict[str, Any]:
    # JSON has no NaN and no infinity.
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in scores.items()
    }
