"""``forecast.py``: a model run into the future, the same for both backends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.base import OutputFile
from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.data_plan import plan as plan_data
from seqspec.backends.python_text import assign, docstring
from seqspec.backends.render import render
from seqspec.ir.task import Forecast, Task


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """The template's values; see ``templates/_shared/forecast.py.j2``.

    ``looped`` is the field of what is fed back, ``constant`` names its columns; ``known`` says that
    something comes with each step that has to be known beforehand.
    """

    doc: tuple[str, ...]
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    fields: tuple[str, ...]
    looped: str
    constant: str
    known: bool
    series: bool
    season: bool
    warm_up: bool
    interpolates: bool
    all_names: str
    known_names: str
    add_one: tuple[str, ...]
    add_walker: str
    stack_future: tuple[str, ...]
    stack_after: tuple[str, ...]
    beside_future: str
    beside_parameters: str
    beside_step: str
    read_rows: str
    cut_rows: str
    made_fields: tuple[str, ...]
    future_made: tuple[str, ...]
    line_head: str
    line_start: str
    scaled: bool
    device: str


def forecast_file(task: Task, *, keras: bool = False) -> OutputFile:
    """``forecast.py`` of a task that is run into the future."""
    text = render("_shared/forecast.py.j2", plan=_Planner(task, keras=keras).plan())
    return OutputFile("forecast.py", text)


class _Planner:
    def __init__(self, task: Task, *, keras: bool) -> None:
        forecast, training = task.forecast, task.training
        assert forecast is not None and training is not None
        self.task = task
        self.keras = keras  # which runs where its variables are
        self.forecast: Forecast = forecast
        self.data = training.data
        self.all_names = plan_data(task).all_names
        feeds = Feeds(task, training).inputs
        of = {value.name: feed for value, feed in zip(task.graph.inputs, feeds, strict=True)}
        self.looped: Feed = of[forecast.loop]
        self.known = tuple(of[name] for name in forecast.known)
        self.fixed = tuple(of[name] for name in forecast.fixed)

    def plan(self) -> ForecastPlan:
        series = bool(self.data.series)
        looped, known, fixed = self.looped.variable, self.known, self.fixed
        futures = [f"{feed.variable} = np.stack([one.{feed.variable} for one in " for feed in known]
        added = ", ".join(f"one.{feed.variable}[None]" for feed in fixed)
        stepwise = (self.looped, *known)
        cut = [f"one.{feed.variable}[start:end]" for feed in stepwise]
        return ForecastPlan(
            doc=tuple(docstring(self._doc())),
            imports=tuple(self._imports(series)),
            constants=tuple(self._constants()),
            fields=tuple(self._fields()),
            looped=looped,
            constant=self.looped.constant,
            known=bool(known),
            series=series,
            season=self.forecast.season is not None,
            warm_up=self.forecast.warm_up is not None,
            interpolates=self.data.missing == "interpolate",
            all_names=self.all_names,
            known_names=_added([feed.constant for feed in known]),
            add_one=(f"stepper.add({added})" if fixed else "stepper.add()",),
            add_walker=f"walker.add({added})" if fixed else "walker.add()",
            stack_future=tuple(f"{line}future])" for line in futures),
            stack_after=tuple(f"{line}after])" for line in futures),
            beside_future="".join(f"{feed.variable}, " for feed in known),
            beside_parameters="".join(f"{feed.variable}: np.ndarray, " for feed in known),
            beside_step="".join(f", {feed.variable}[:, step : step + 1]" for feed in known),
            read_rows=", ".join(f"one.{feed.variable}[None, start:end]" for feed in stepwise),
            cut_rows=", ".join([*cut, *(f"one.{feed.variable}" for feed in fixed)]),
            made_fields=tuple(self._made()),
            future_made=tuple(self._future()),
            line_head="SERIES, " if series else "",
            line_start="one.name, " if series else "",
            scaled=self.data.scale is not None,
            device="" if self.keras else ", options.device",
        )

    def _doc(self) -> str:
        return (
            f"{self.task.graph.name}, run into the future: it reads what it predicts.\n\n"
            f"Compiled by seqspec {__version__} from the spec {self.task.spec_name}; yours to edit."
        )

    def _imports(self, series: bool) -> Iterator[str]:
        constants = {feed.constant for feed in (self.looped, *self.known, *self.fixed)} - {""}
        constants |= {"DATA_PATH"} | ({"SERIES"} if series else set())
        constants |= {self.all_names} if self.all_names.isidentifier() else set()
        words = ["Arrays", "DataError", *(["Scaling"] if self.data.scale is not None else [])]
        words += ["interpolate"] if self.data.missing == "interpolate" else []
        words += ["read", "split", *(["stretches"] if series else [])]
        names = [*sorted(constants), *words]
        line = f"from data import {', '.join(names)}"
        yield from (
            [line]
            if len(line) <= 100
            else ["from data import (", *(f"    {name}," for name in names), ")"]
        )
        yield "from model import build_model"
        yield "from stepper import Stepper"

    def _constants(self) -> Iterator[str]:
        forecast = self.forecast
        yield from assign("AHEAD", forecast.steps, note="steps that are predicted")
        if forecast.warm_up is not None:
            note = "known steps that are read before, from a cleared state"
            yield from assign("WARM_UP", forecast.warm_up, note=note)
        if forecast.season is not None:
            yield from assign(
                "SEASON", forecast.season, note="steps after which it is the same again"
            )
        yield from assign("ORIGINS", forecast.origins, note="of a backtest, in each series")
        least = max(forecast.warm_up or 1, forecast.season or 1)
        yield from assign("LEAST", least, note="rows that are known at an origin")

    def _fields(self) -> Iterator[str]:
        for feed in (self.looped, *self.known):
            axes = "".join(f", {dim}" for dim in feed.shape[2:])
            yield f"{feed.variable}: np.ndarray  # [rows{axes}]"
        for feed in self.fixed:
            yield f"{feed.variable}: np.ndarray  # [{', '.join(map(str, feed.shape[1:]))}]"

    def _made(self) -> Iterator[str]:
        for feed in (self.looped, *self.known):
            yield f"{_side_by_side(feed, 'columns')},"
        for feed in self.fixed:
            yield f"{_side_by_side(feed, 'columns')}[0],"

    def _future(self) -> Iterator[str]:
        for feed in self.known:
            yield f"{_side_by_side(feed, 'rows[one.name]')}[: steps - 1]"
        yield from (f"one.{feed.variable}" for feed in self.fixed)


def _side_by_side(feed: Feed, columns: str) -> str:
    """The values of a feed in original units, [rows, columns]."""
    if feed.constant:
        return f"np.stack([{columns}[name] for name in {feed.constant}], axis=-1)"
    return f"{columns}[{feed.key}]"


def _added(constants: list[str]) -> str:
    return " + ".join(constants) if len(constants) > 1 else (constants or ["()"])[0]
