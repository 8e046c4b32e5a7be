"""Samples of a part of a program's dataset, as baselines look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from seqspec.running.masks import steps_of

if TYPE_CHECKING:
    import numpy as np

    from seqspec.ir.task import Training

    Array = np.ndarray[Any, np.dtype[Any]]


class _Steps:
    """The steps of a stream, each a sample of one step: the one before it is the last it knows."""

    def __init__(self, part: Any) -> None:
        rows = part.stream.rows
        several = getattr(part, "targets", None)
        self.inputs = tuple(values[rows][:, None] for values in part.stream.inputs)
        self.targets = tuple(
            values[rows][:, None] for values in ((part.target,) if several is None else several)
        )

    def __len__(self) -> int:
        return len(self.targets[0])


def samples_of(part: Any) -> Any:
    """A part, whose samples stand one after the other."""
    return _Steps(part) if hasattr(part, "stream") else part


class Sample:
    """Some samples of a part, the series that they forecast picked out.

    ``targets`` are those of all outputs; ``target`` that of the one looked at, the first as a rule.
    """

    def __init__(self, part: Any, rows: Any, training: Training | None = None) -> None:
        several = getattr(part, "targets", None)
        targets = (part.target,) if several is None else several
        self.inputs = part.inputs if rows is None else tuple(a[rows] for a in part.inputs)
        picked = targets if rows is None else tuple(a[rows] for a in targets)
        masks = [None for _ in picked] if training is None else _masks(training, self.inputs)
        self.targets = tuple(map(_of_data, picked, masks))
        self.target = self.targets[0]
        self.given = () if training is None else _given(training, part, rows, picked, masks)

    def of(self, output: int) -> Sample:
        """The same samples, another output looked at."""
        other = copy(self)
        other.target = self.targets[output]
        return other


def _of_data(target: Any, mask: Array | None) -> Any:
    """A target without padding: where there may be some, its steps one after another."""
    if hasattr(target, "lengths"):
        return target.values
    return target if mask is None else target[mask]


def _masks(training: Training, inputs: Sequence[Any]) -> list[Array | None]:
    """Which steps of each output are data, where samples come padded; windows stay whole."""
    found: list[Array | None] = []
    for term in training.terms:
        mask = term.value.mask
        if mask is None or training.data.windows is not None or training.ragged(term):
            found.append(None)
        else:
            found.append(steps_of(mask, dict(zip(training.data.inputs, inputs, strict=True))))
    return found


def _given(
    training: Training, part: Any, rows: Any, targets: Sequence[Any], masks: Sequence[Array | None]
) -> tuple[Any, ...]:
    """What is known of these samples: their series, then what else a program's ``score`` takes."""
    whole = rows is None
    series: tuple[Any, ...] = ()
    if training.data.scaled_by_series:
        series = (part.series if whole else part.series[rows],)
    if training.forecast:
        errors: Mapping[str, Array] = part.naive
        # What is the same for all samples has one entry.
        return (*series, {n: e if whole or len(e) == 1 else e[rows] for n, e in errors.items()})
    if training.split_up:
        found = {
            term.output: _lengths(target, mask)
            for term, target, mask in zip(training.terms, targets, masks, strict=True)
            if training.splits(term)
        }
        return (*series, found if training.several else found[training.only.output])
    return series


def _lengths(target: Any, mask: Array | None) -> Any:
    """How many steps of data each sample has."""
    import numpy as np

    if hasattr(target, "lengths"):
        return target.lengths
    return np.full(len(target), target.shape[1]) if mask is None else mask.sum(axis=1)


def spread(samples: int, limit: int) -> Any:
    """At most ``limit`` rows, spread evenly."""
    import numpy as np

    return np.unique(np.linspace(0, samples - 1, min(samples, limit)).round().astype(np.int64))
