"""Testing a model that gives several steps at once, on every window that was held out.

Nothing is fed back, so nothing has to be run into the future: each window is an origin. What it is
compared with are the naive forecasts that stand beside a training's result.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqspec.driver import Compilation, Options
from seqspec.running.baseline import naive
from seqspec.running.errors import RunError, reason
from seqspec.running.run_folder import RunFolder
from seqspec.running.session import Session, held_out
from seqspec.source import SourceFile

if TYPE_CHECKING:
    import numpy as np

    from seqspec.ir.task import Task

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts from several origins beside what came, [origins, steps, columns], as programs have.

    ``before`` is what was known at each origin of the same columns, in order.
    """

    columns: tuple[str, ...]
    before: Array
    truth: Array
    forecasts: Mapping[str, Array]

    def errors(self) -> dict[str, dict[str, Array]]:
        """Mean absolute and root mean squared error of each method: [steps, columns]."""
        import numpy as np

        found: dict[str, dict[str, Array]] = {}
        for method, forecast in self.forecasts.items():
            error = forecast - self.truth
            rmse = np.sqrt(np.mean(error**2, axis=0))
            found[method] = {"mae": np.mean(np.abs(error), axis=0), "rmse": rmse}
        return found

    def lines(self) -> Iterator[list[str]]:
        """The lines of a table of errors, header first: for each column and step ahead."""
        errors = self.errors()
        kinds = [(method, kind) for method in errors for kind in errors[method]]
        yield ["column", "step", *(f"{method} {kind}" for method, kind in kinds)]
        for place, column in enumerate(self.columns):
            for step in range(self.truth.shape[1]):
                cells = (float(errors[method][kind][step, place]) for method, kind in kinds)
                yield [column, str(step + 1), *(f"{cell:.6g}" for cell in cells)]

    def write(self, path: Path) -> None:
        """Writes the table of errors. The file appears whole or not at all."""
        draft = path.with_name(f".{path.name}.new")
        try:
            with draft.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(self.lines())
            os.replace(draft, path)
        except OSError as error:
            raise RunError(f"{path} cannot be written: {reason(error)}") from error


def task_of(run: Path) -> Task:
    """What a run was trained to do, as its spec and its params say."""
    folder = RunFolder(run)
    description = folder.describe()
    source = SourceFile(str(folder.spec), folder.spec.read_text(encoding="utf-8"))
    options = Options(dict(description.overrides), description.model, Path(description.data))
    task = Compilation(source, Path(description.spec).parent, options).task
    if task is None or task.training is None:
        raise RunError(f"{folder.spec} cannot be read any more", "train again")
    return task


def gives_steps(task: Task) -> bool:
    """Whether a model's only output is the numbers that come after a window."""
    training = task.training
    if training is None or training.several:
        return False
    (term,) = training.terms
    return term.compares == "same" and training.data.targets[term.output].kind == "ahead"


def backtest(task: Task, session: Session, scaling: Any, data: Path) -> Backtest:
    """Compares what a model gives for each window that was held out with what came."""
    assert task.training is not None
    (term,) = task.training.terms
    dataset = session.load_data(data, scaling)
    _, part = held_out(dataset)
    unlike = task.training.data.scale is not None and not term.loss.entry.facts["scaled"]
    found = None if unlike else naive(task, dataset.train, part)
    columns = task.training.data.targets[term.output].names
    if found is None:
        raise RunError(
            f"the windows do not hold what is predicted ({', '.join(columns)}) in the same units, "
            "so there is nothing to compare a forecast with",
            "name the target's columns among `inputs`",
        )
    guesses, known = found
    series = (part.series,) if task.training.data.scaled_by_series else ()

    def original(values: Array) -> Array:
        """Values in original units, [samples, steps, columns]."""
        shaped = values.reshape(len(part), -1, len(columns))
        wanted = shaped if len(columns) > 1 else shaped[..., 0]
        return session.original(scaling, wanted, *series).reshape(shaped.shape)

    made = {"model": session.predict_part(part), **guesses}
    return Backtest(
        columns,
        original(known),
        original(part.target),
        {method: original(values) for method, values in made.items()},
    )
