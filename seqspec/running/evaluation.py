"""Evaluating the best checkpoint of a run folder."""

from __future__ import annotations

from pathlib import Path

from seqspec.running import program
from seqspec.running.result import Scores
from seqspec.running.run_folder import RunFolder
from seqspec.running.session import Session, held_out


def evaluate(run: Path, data: Path | None = None, device: str = "cpu") -> Scores:
    """Scores of a run's best weights on the held-out part, in original units.

    ``data`` is another file of the same form; it is split as the spec says, and scaled as the
    training was. Raises ``RunError`` for anything wrong with the folder, the data or the device.
    """
    session, scaling, own_data = open_run(run, device)
    dataset = session.load_data((data or own_data).resolve(), scaling)
    name, part = held_out(dataset)
    return Scores(
        part=name,
        samples=len(part),
        scores=session.evaluate(part, scaling),
        scaled=scaling is not None,
    )


def open_run(run: Path, device: str) -> tuple[Session, object, Path]:
    """The session of a run with its best weights, their scaling, and the data it was trained on."""
    folder = RunFolder(run)
    description = folder.describe()
    checkpoint = folder.checkpoint()
    session = Session(program.load(folder.program, description.backend), device)
    return session, session.load_weights(checkpoint), Path(description.data)
