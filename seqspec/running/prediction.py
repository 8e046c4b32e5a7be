"""Predicting with the best checkpoint of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seqspec.running.evaluation import open_run
from seqspec.running.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Predicted:
    """Where the predictions are, and the shape of them."""

    path: Path
    shape: tuple[int, ...]


def predict(
    run: Path, data: Path | None = None, out: Path | None = None, device: str = "cpu"
) -> Predicted:
    """Predicts every sample of a file, in original units, and writes csv (or npy, by the name).

    Left out, ``data`` is what the run was trained on and ``out`` is ``predictions.csv`` in the
    run folder. Raises ``RunError`` for anything wrong with the folder, the data or the device.
    """
    session, scaling, own_data = open_run(run, device)
    prediction = session.predict((data or own_data).resolve(), scaling)
    path = out or RunFolder(run).predictions
    session.write_predictions(path, prediction)
    return Predicted(path, tuple(prediction.shape))
