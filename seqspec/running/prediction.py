"""Predicting with the best checkpoint of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from seqspec.running.evaluation import open_run
from seqspec.running.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Predicted:
    """Where the predictions are, and the shape of those of each output."""

    path: Path
    shapes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a prediction goes on from, and where it leaves what it ends with.

    ``trained`` is the state that the training of the run ended with, ``begin`` that in a file.
    """

    trained: bool = False
    begin: Path | None = None
    end: Path | None = None


def predict(
    run: Path,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "cpu",
    carried: Carried = Carried(),
) -> Predicted:
    """Predicts every sample of a file, in original units, and writes csv, by its name also npy.

    Several outputs are written together, into npz instead of npy.
    Left out, ``data`` is what the run was trained on and ``out`` is ``predictions.csv`` in the
    run folder. ``carried`` is for models that carry their state from one batch to the next. Raises
    ``RunError`` for anything wrong with the folder, the data, a state or the device.
    """
    session, scaling, own_data = open_run(run, device)
    if carried != Carried():
        session.require_state()
    begin = RunFolder(run).checkpoint() if carried.trained else carried.begin
    prediction = session.predict((data or own_data).resolve(), scaling, begin)
    path = out or RunFolder(run).predictions
    session.write_predictions(path, prediction)
    if carried.end is not None:
        session.write_state(carried.end)
    several = cast(
        "tuple[Any, ...]", prediction if isinstance(prediction, tuple) else (prediction,)
    )
    return Predicted(path, tuple(tuple(array.shape) for array in several))
