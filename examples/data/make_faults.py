"""Writes faults.csv: the last 30% of the hours of stations.csv, with sensors that fail.

A fault every second day, nine sorts in turn: each of three sensors sticks for a day, jumps for an
hour, or drifts away for a day. ``fault`` names the sort, and is empty where nothing was changed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SENSORS = {"temp": 1.0, "dewp": 1.0, "humid": 2.0}  # what a fault of size one is
EVERY, LASTS = 48, 24  # hours
JUMP, DRIFT = 15.0, 0.75  # sizes; of a drift, each hour


def planted(rows: list[dict[str, str]], rng: np.random.Generator) -> None:
    """Plants faults into the rows of one station."""
    sorts = [(kind, name) for kind in ("stuck", "jump", "drift") for name in SENSORS]
    for number, start in enumerate(range(EVERY, len(rows) - EVERY, EVERY)):
        kind, name = sorts[number % len(sorts)]
        begin = start + int(rng.integers(EVERY - LASTS))
        sign = SENSORS[name] * (1 if rng.random() < 0.5 else -1)
        first = rows[begin - 1][name]
        for hour, row in enumerate(rows[begin : begin + (1 if kind == "jump" else LASTS)], 1):
            row["fault"] = f"{kind} {name}"
            if kind == "stuck":
                row[name] = first
            elif row[name]:
                value = float(row[name]) + sign * (JUMP if kind == "jump" else DRIFT * hour)
                row[name] = f"{min(value, 100) if name == 'humid' else value:g}"


def main() -> None:
    with (FOLDER / "stations.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    rng = np.random.default_rng(0)
    with (FOLDER / "faults.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["station", "time", *SENSORS, "fault"])
        for station in dict.fromkeys(row["station"] for row in table):
            rows = [row | {"fault": ""} for row in table if row["station"] == station]
            held_out = rows[round(len(rows) * 0.7) :]
            planted(held_out, rng)
            for row in held_out:
                out.writerow(
                    [row["station"], row["time"], *(row[n] for n in SENSORS), row["fault"]]
                )


if __name__ == "__main__":
    main()
