"""Passengers, run into the future: it reads what it predicts.

Compiled by seqspec 0.1.0 from the spec r6_feed_back.seq; yours to edit.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import weights
from data import DATA_PATH, MONTHS_COLUMNS, Arrays, DataError, Scaling, read, split
from model import build_model
from stepper import Stepper

AHEAD = 12  # steps that are predicted
WARM_UP = 12  # known steps that are read before, from a cleared state
SEASON = 12  # steps after which it is the same again
ORIGINS = 20  # of a backtest, in each series
LEAST = 12  # rows that are known at an origin


@dataclass(frozen=True, eq=False)
class Series:
    """The known rows of one series, in original units."""

    name: str
    months: np.ndarray  # [rows, 1]
    held_out: int = 0  # how many rows at the end the model was not trained on

    def __len__(self) -> int:
        return len(self.months)


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from several origins beside what came: [origins, steps, columns]."""

    origins: list[tuple[str, int]]  # the series, and how many of its rows were known
    before: list[np.ndarray]  # what was known last
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]  # by method: the model's, and naive ones

    def errors(self) -> dict[str, dict[str, np.ndarray]]:
        """Mean absolute and root mean squared error of each method: [steps, columns]."""
        found: dict[str, dict[str, np.ndarray]] = {}
        for method, forecast in self.forecasts.items():
            error = forecast - self.truth
            rmse = np.sqrt(np.mean(error**2, axis=0))
            found[method] = {"mae": np.mean(np.abs(error), axis=0), "rmse": rmse}
        return found


def forecast(stepper: Stepper, known: list[Series], steps: int = AHEAD) -> np.ndarray:
    """What comes after the known rows of each series: [series, steps, columns].

    The stepper has no lanes; it gets one for each series, which reads what is known and then,
    without a reset in between, what it has predicted itself.
    """
    first: list[np.ndarray] = []
    for lane, one in enumerate(known):
        stepper.add()
        first.append(warm_up(stepper, lane, one, 0, len(one)))
    return run_on(stepper, np.concatenate(first), steps)


def warm_up(stepper: Stepper, lane: int, one: Series, start: int, end: int) -> np.ndarray:
    """Reads the rows from start to end, and gives what is predicted after them: [1, 1, columns]."""
    stepper.reset([lane])
    start = max(start, end - WARM_UP)
    given = stepper.feed(one.months[None, start:end], lanes=[lane])
    return given[:, -1:]


def run_on(stepper: Stepper, value: np.ndarray, steps: int) -> np.ndarray:
    """Feeds back each prediction, beginning with the first, [lanes, 1, columns]."""
    found = [value]
    for _ in range(steps - 1):
        value = stepper.feed(value)
        found.append(value)
    return np.concatenate(found, axis=1)


def backtest(stepper: Stepper, known: list[Series], steps: int = AHEAD) -> Backtest:
    """Forecasts from origins in the rows that were held out, each with what was known then.

    The stepper has no lanes. Raises DataError if no held-out row has so many after it.
    """
    origins: list[tuple[str, int]] = []
    first: list[np.ndarray] = []
    before: list[np.ndarray] = []
    after: list[Series] = []
    naive: list[np.ndarray] = []
    seasonal: list[np.ndarray] = []
    for one in known:
        walker = stepper.empty()
        walker.add()
        read = 0
        for origin in origins_of(one, steps):
            first.append(warm_up(walker, 0, one, read, origin))
            read = origin
            stepper.adopt(walker)
            origins.append((one.name, origin))
            before.append(one.months[max(origin - 3 * steps, 0) : origin])
            after.append(rows_of(one, origin, origin + steps))
            naive.append(np.repeat(one.months[origin - 1 : origin], steps, axis=0))
            last = one.months[origin - SEASON : origin]
            seasonal.append(last[np.arange(steps) % SEASON])
    if not origins:
        raise DataError(f"the held-out part of no series has {steps} rows to compare with")
    forecasts = {
        "model": run_on(stepper, np.concatenate(first), steps),
        "naive": np.stack(naive),
        "seasonal naive": np.stack(seasonal),
    }
    truth = np.stack([one.months for one in after])
    return Backtest(origins, before, truth, forecasts)


def origins_of(one: Series, steps: int) -> list[int]:
    """How many rows are known at each origin: spread over the rows that were held out."""
    earliest = max(len(one) - one.held_out, LEAST)
    latest = len(one) - steps
    if not one.held_out or latest < earliest:
        return []
    return sorted({round(origin) for origin in np.linspace(earliest, latest, ORIGINS).tolist()})


def rows_of(one: Series, start: int, end: int) -> Series:
    """Some rows of a series."""
    return Series(one.name, one.months[start:end])


def series_of(path: Path = DATA_PATH) -> list[Series]:
    """The series of a file, all of whose rows are known. Raises DataError if it cannot be used."""
    columns = read(path, MONTHS_COLUMNS)
    return joined([columns])


def held_out_series(path: Path = DATA_PATH) -> list[Series]:
    """The series of a file with what was held out; nothing is filled in across that border."""
    parts = split(read(path, MONTHS_COLUMNS), path)
    return joined(parts)


def joined(parts: list[Arrays]) -> list[Series]:
    """Series whose parts come one after the other; the last part is what was held out."""
    held_out = len(next(iter(parts[-1].values()))) if len(parts) > 1 else 0
    return [series("", parts, held_out)]


def series(name: str, parts: list[Arrays], held_out: int) -> Series:
    """One series out of its parts."""
    columns = {key: np.concatenate([part[key] for part in parts]) for key in MONTHS_COLUMNS}
    return Series(
        name,
        np.stack([columns[name] for name in MONTHS_COLUMNS], axis=-1),
        held_out=held_out,
    )


def write_forecast(path: Path, values: np.ndarray) -> None:
    """Writes a csv file with a line for each step ahead. It appears whole or not at all."""
    write(path, forecast_lines(values))


def forecast_lines(values: np.ndarray) -> Iterator[list[str]]:
    """The lines of a forecast, header first."""
    yield ["step", *MONTHS_COLUMNS]
    for rows in values.tolist():
        for step, row in enumerate(rows, start=1):
            yield [str(step), *(f"{value:.7g}" for value in row)]


def error_lines(tested: Backtest) -> Iterator[list[str]]:
    """The lines of a table of errors, header first: for each column and step ahead."""
    errors = tested.errors()
    yield ["column", "step", *(f"{method} {kind}" for method in errors for kind in errors[method])]
    for place, column in enumerate(MONTHS_COLUMNS):
        for step in range(tested.truth.shape[1]):
            cells = (error[step, place] for kinds in errors.values() for error in kinds.values())
            yield [column, str(step + 1), *(f"{float(cell):.6g}" for cell in cells)]


def write(path: Path, lines: Iterator[list[str]]) -> None:
    """Writes a csv file. It appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def add_commands(commands: Any, trained: argparse.ArgumentParser) -> None:
    """The commands `forecast` and `backtest`, with the options of all that use trained weights."""
    ahead = commands.add_parser("forecast", parents=[trained], help="go on with known series")
    about = "default: %(default)s; all of it is known"
    ahead.add_argument("--data", type=Path, metavar="FILE", default=DATA_PATH, help=about)
    ahead.add_argument("--steps", type=positive, default=AHEAD, help="default: %(default)s")
    ahead.add_argument("-o", "--output", type=Path, metavar="FILE", default=Path("forecast.csv"))
    ahead.set_defaults(command=run_forecast)

    tested = commands.add_parser("backtest", parents=[trained], help="forecast what is known")
    about = "default: %(default)s; forecasts begin where it is held out"
    tested.add_argument("--data", type=Path, metavar="FILE", default=DATA_PATH, help=about)
    tested.add_argument("--steps", type=positive, default=AHEAD, help="default: %(default)s")
    tested.add_argument("-o", "--output", type=Path, metavar="FILE", default=Path("backtest.csv"))
    tested.set_defaults(command=run_backtest)


def positive(text: str) -> int:
    """A whole number above zero, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def stepper_of(options: argparse.Namespace) -> Stepper:
    """A stepper with the weights of a file."""
    model = build_model()
    scaling = Scaling.from_json(weights.load(model, options.weights).get("scaling", ""))
    return Stepper(model, scaling, options.device)


def run_forecast(options: argparse.Namespace) -> None:
    """Goes on with each series of a file, in original units."""
    known = series_of(options.data)
    values = forecast(stepper_of(options), known, options.steps)
    write_forecast(options.output, values)
    print(f"{options.steps} steps ahead are in {options.output}")


def run_backtest(options: argparse.Namespace) -> None:
    """Compares forecasts from several origins with what came, in original units."""
    tested = backtest(stepper_of(options), held_out_series(options.data), options.steps)
    write(options.output, error_lines(tested))
    for line in error_lines(tested):
        print("  ".join(f"{cell:>19}" for cell in line))
    print(f"errors of {len(tested.origins)} forecasts are in {options.output}")
