"""Feeds the stepper of `watch.seq` hour by hour, and tells the readings that cannot be right.

    seqspec train watch.seq --run RUN
    PYTHONPATH=RUN/program python watch.py RUN/best.safetensors data/faults.csv

Run it where watch.seq is. The last lines compare with the faults that were planted into the file.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import weights
from data import AIR_COLUMNS, DATA_PATH, SERIES, Scaling, read, split, stack, stretches
from model import build_model
from stepper import Stepper

WARM = 48  # hours after which a station is known well enough


def stations(columns: dict[str, np.ndarray]) -> np.ndarray:
    """The readings of the stations side by side: [stations, hours, sensors]."""
    rows = stack(columns, AIR_COLUMNS)
    return np.stack([rows[begin:end] for begin, end in stretches(columns[SERIES])])


def watched(checkpoint: Path, path: Path) -> np.ndarray:
    """Which readings of a file cannot be right: [stations, hours, sensors]."""
    model = build_model()
    scaling = Scaling.from_json(weights.load(model, checkpoint)["scaling"])
    stepper = Stepper(model, scaling)

    known = stations(split(read(DATA_PATH, AIR_COLUMNS), DATA_PATH)[0])
    stepper.add(len(known))  # a lane for each station
    limit = abs(stepper.feed(known) - known)[:, WARM:].max(axis=(0, 1))

    air = stations(read(path, AIR_COLUMNS))
    stepper.reset()
    alarms = np.zeros(air.shape, bool)
    for hour in range(air.shape[1]):
        now = air[:, hour : hour + 1]
        alarms[:, hour : hour + 1] = abs(stepper.feed(now) - now) > limit
    return alarms


def main(checkpoint: str, path: str) -> None:
    alarms = watched(Path(checkpoint), Path(path)).reshape(-1, len(AIR_COLUMNS))
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, sensors in zip(rows, alarms, strict=True):
        names = [name for name, wrong in zip(AIR_COLUMNS, sensors, strict=True) if wrong]
        if names:
            print(row["station"], row["time"], *names)

    rung = alarms.any(axis=1)
    faults = np.array([row["fault"] for row in rows])
    cuts = np.flatnonzero(faults[1:] != faults[:-1]) + 1
    pieces = [piece for piece in np.split(np.arange(len(rows)), cuts) if faults[piece[0]]]
    found = sum(rung[piece].any() for piece in pieces)
    right = faults == ""
    print(f"{found} of {len(pieces)} faults found")
    print(f"{rung[right].sum()} false alarms in {right.sum()} hours")


if __name__ == "__main__":
    main(*sys.argv[1:])
