"""Running the best checkpoint of a run folder into the future, and comparing that with the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqspec.running import direct, picture
from seqspec.running.errors import RunError
from seqspec.running.evaluation import open_run
from seqspec.running.result import table
from seqspec.running.run_folder import RunFolder, write_json

if TYPE_CHECKING:
    from seqspec.ir.task import Task
    from seqspec.running.session import Session

#: method -> kind of error -> [steps, columns]
Errors = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Forecasted:
    """Where a forecast is, and how much of it there is."""

    path: Path
    series: int
    steps: int


@dataclass(frozen=True, slots=True)
class Tested:
    """Errors of forecasts by step ahead, of the model and of naive methods, in original units."""

    folder: RunFolder
    columns: tuple[str, ...]
    origins: int
    errors: Errors

    def text(self) -> str:
        """A table for each column: the mean absolute error at each step ahead, and over all."""
        head = f"{self.origins:,} forecasts of the held-out part, mae by step ahead, original units"
        blocks = [head]
        for place, column in enumerate(self.columns):
            names = list(self.errors)
            maes = [self.errors[name]["mae"][:, place] for name in names]
            rows = [[column, *names]]
            for step in range(len(maes[0])):
                rows.append([f"+{step + 1}", *(f"{mae[step]:.4g}" for mae in maes)])
            rows.append(["all", *(f"{mae.mean():.4g}" for mae in maes)])
            blocks.append(table(rows))
        blocks.append(f"{self.folder.backtest}; picture: {self.folder.forecast_picture.name}")
        return "\n".join(blocks)

    def to_json(self) -> dict[str, Any]:
        return {
            "origins": self.origins,
            "errors": {
                method: {
                    kind: {
                        column: [float(x) for x in values[:, place]]
                        for place, column in enumerate(self.columns)
                    }
                    for kind, values in kinds.items()
                }
                for method, kinds in self.errors.items()
            },
        }


def forecast(
    run: Path,
    data: Path | None = None,
    future: Path | None = None,
    steps: int | None = None,
    out: Path | None = None,
    device: str = "cpu",
) -> Forecasted:
    """Goes on with each series of a file, in original units, and writes a csv file.

    Left out, ``data`` is what the run was trained on and ``out`` is ``forecast.csv`` in the run
    folder; ``future`` has what has to be known of the steps to come. Raises ``RunError`` for
    anything wrong with the folder, the data or the device.
    """
    session, scaling, own_data = open_run(run, device)
    if not session.program.has("forecast") and direct.gives_steps(direct.task_of(run)):
        raise RunError(
            "this model gives all its steps at once, so nothing is fed back",
            "`seqspec predict` applies it; --backtest tests it",
        )
    looping = session.looping()
    path = out or RunFolder(run).forecast
    with session.program.reporting():
        known = looping.series_of((data or own_data).resolve())
        count = steps or int(looping.AHEAD)
        extra: tuple[Any, ...] = ()
        if hasattr(looping, "future_of"):
            if future is None:
                raise RunError(
                    "the model reads what has to be known beforehand at each step",
                    "name a file with the steps to come: --future FILE",
                )
            extra = (looping.future_of(future.resolve(), known, count),)
        elif future is not None:
            raise RunError(
                "the model reads nothing that has to be known beforehand", "leave --future out"
            )
        values = looping.forecast(session.stepper(scaling), known, *extra, count)
        # With one series only, lines do not begin with its name.
        names = (known,) if hasattr(looping, "SERIES") else ()
        looping.write_forecast(path, values, *names)
    return Forecasted(path, len(known), count)


def backtest(
    run: Path, data: Path | None = None, steps: int | None = None, device: str = "cpu"
) -> Tested:
    """Compares forecasts from several origins in the held-out part with what came.

    The run folder gets ``backtest.csv``, ``backtest.json`` and ``forecast.png``.
    """
    session, scaling, own_data = open_run(run, device)
    path = (data or own_data).resolve()
    if not session.program.has("forecast"):
        task = direct.task_of(run)
        if direct.gives_steps(task):
            return _direct(task, session, scaling, path, RunFolder(run), steps)
    looping, folder = session.looping(), RunFolder(run)
    with session.program.reporting():
        known = looping.held_out_series(path)
        tested = looping.backtest(session.stepper(scaling), known, steps or int(looping.AHEAD))
        lines = list(looping.error_lines(tested))
        looping.write(folder.backtest, iter(lines))
    columns = tuple(dict.fromkeys(line[0] for line in lines[1:]))
    name, origin = tested.origins[-1]
    note = f"from the last origin{f' of {name}' if name else ''}, {origin:,} steps known"
    return _told(folder, columns, tested, note)


def _direct(
    task: Task, session: Session, scaling: Any, path: Path, folder: RunFolder, steps: int | None
) -> Tested:
    """The same of a model that gives all steps at once."""
    tested = direct.backtest(task, session, scaling, path)
    given = tested.truth.shape[1]
    if steps not in (None, given):
        raise RunError(f"this model gives {given} steps at once, not {steps}", "leave --steps out")
    tested.write(folder.backtest)
    return _told(folder, tested.columns, tested, "from the last window of the held-out part")


def _told(folder: RunFolder, columns: tuple[str, ...], tested: Any, note: str) -> Tested:
    """The errors of forecasts, which are written as JSON, too, and the last one as a picture."""
    result = Tested(folder, columns, len(tested.truth), tested.errors())
    write_json(folder.backtest.with_suffix(".json"), result.to_json())
    panels = [
        picture.Panel(
            column,
            tested.before[-1][:, place].tolist(),
            tested.truth[-1][:, place].tolist(),
            {m: f[-1][:, place].tolist() for m, f in tested.forecasts.items()},
        )
        for place, column in enumerate(columns)
    ]
    picture.draw_forecast(panels, folder.forecast_picture, "forecast and truth", note)
    return result
