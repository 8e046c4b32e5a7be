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


def predict(
    run: Path, data: Path | None = None, out: Path | None = None, device: str = "cpu"
) -> Predicted:
    """Predicts every sample of a file, in original units, and writes csv, by its name also npy.

    Several outputs are written together, into npz instead of npy.
    Left out, ``data`` is what the run was trained on and ``out`` is ``predictions.csv`` in the
    run folder. Raises ``RunError`` for anything wrong with the folder, the data or the device.
    """
    session, scaling, own_data = open_run(run, device)
    prediction = session.predict((data or own_data).resolve(), scaling)
    path = out or RunFolder(run).predictions
    session.write_predictions(path, prediction)
    several = cast(
        "tuple[Any, ...]", prediction if isinstance(prediction, tuple) else (prediction,)
    )
    return Predicted(path, tuple(tuple(array.shape) for array in several))
