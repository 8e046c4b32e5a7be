"""Writes seattle.csv from vega_datasets: ``pip install vega_datasets==0.9.0``.

One row for each day; the kind of weather is an id, in the order of KINDS.
"""

from __future__ import annotations

import csv
from pathlib import Path

from vega_datasets import local_data

KINDS = ("drizzle", "fog", "rain", "snow", "sun")
READINGS = ("temp_max", "temp_min", "wind", "precipitation")


def main() -> None:
    path = Path(__file__).with_name("seattle.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["date", *READINGS, "kind"])
        for day in local_data.seattle_weather().itertuples():
            readings = [f"{getattr(day, name):g}" for name in READINGS]
            out.writerow([day.date.date().isoformat(), *readings, KINDS.index(day.weather)])


if __name__ == "__main__":
    main()
