"""Writes shoulder.npz from seglearn: ``pip install seglearn==1.2.5 numpy``.

Recordings of a smartwatch during seven shoulder exercises, at 12.5 instead of 50 readings a second
(means of four), cut into pieces of four seconds; the rest of a recording is left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from seglearn.datasets import load_watch

EVERY = 4
STEPS = 50


def main() -> None:
    watch = load_watch()
    pieces: list[np.ndarray] = []
    exercise: list[int] = []
    person: list[int] = []
    for readings, label, subject in zip(watch["X"], watch["y"], watch["subject"], strict=True):
        length = len(readings) // (EVERY * STEPS)
        kept = readings[: length * EVERY * STEPS].reshape(length, STEPS, EVERY, -1).mean(2)
        pieces.append(kept)
        exercise += [int(label)] * length
        person += [int(subject)] * length
    np.savez_compressed(
        Path(__file__).with_name("shoulder.npz"),
        motion=np.concatenate(pieces).astype(np.float16),
        exercise=np.array(exercise, np.int8),
        person=np.array(person, np.int8),
    )


if __name__ == "__main__":
    main()
