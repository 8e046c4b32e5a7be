"""A forecast section against its model and its training: what is fed back, if it can be."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir import online
from seqspec.ir.graph import Graph, Value
from seqspec.ir.sections import Section
from seqspec.ir.stepping import Stepping, has_steps
from seqspec.ir.task import Data, Forecast, Target, Term, Training
from seqspec.source import Span


def check(section: Section, graph: Graph, training: Training | None, sink: Sink) -> Forecast | None:
    """The forecast of a model; None after reporting what does not fit."""
    return _Checker(section, graph, training, sink).run()


#: How a model that cannot be stepped may look ahead.
_AT_ONCE = "; or let it give all steps at once: `sliding(steps=…, horizon=…)`, without a forecast"


class _Checker:
    def __init__(
        self, section: Section, graph: Graph, training: Training | None, sink: Sink
    ) -> None:
        self.section = section
        self.graph = graph
        self.training = training
        self.sink = sink

    def run(self) -> Forecast | None:
        training = self._trained()
        if training is None:
            return None
        data, term = training.data, training.terms[0]
        looped = self._looped(data, term)
        if looped is None or not self._scaled_alike(data, term):
            return None
        at = self.section.span
        parts = online.taken_apart(self.graph, looped, term.output, at, self.sink, _AT_ONCE)
        if parts is None:
            return None
        why, blamed = online.unfit(parts)
        if why:
            return self._refuse(why, blamed)
        known, fixed = self._others(parts, looped)
        wrong = next((v for v in fixed if has_steps(v) or v.name in data.ahead), None)
        if wrong is not None:
            why = f"`{wrong.name}` is no input of each step, and has steps of its own"
            return self._refuse(why, wrong, "feed it with the columns of the same rows")
        return Forecast(
            looped.name,
            term.output,
            tuple(value.name for value in known),
            tuple(value.name for value in fixed),
            self.section.values["steps"],
            self._warm_up(training),
            self.section.values["season"],
            self.section.values["origins"],
            self.section.span,
        )

    # ---- what is trained

    def _trained(self) -> Training | None:
        """The training, if its data are series in a table with a target for each step."""
        training = self.training
        if training is None:
            why = "nothing says what its next input is"
            return self._refuse(why, None, "write a `train` section with `target = next_step()`")
        data = training.data
        if training.several:
            return self._refuse("several outputs are trained", None, "train one of them")
        if not data.tabular or data.texts:
            why = f"`{data.source.name}` is no table of rows in time"
            return self._refuse(why, data.span, "write the series as a table: csv(…) or parquet(…)")
        if data.memory == "map":
            why = "`memory = map` leaves the table where it is"
            return self._refuse(why, data.span, "leave `memory` out: one pass reads it whole")
        if data.scaled_by_series:
            why = "each series has a scale of its own, which a stepper does not know"
            return self._refuse(why, data.span, "scale all series alike")
        (target,) = data.targets.values()
        if target.kind != "next_step":
            what = {"ahead": "what comes after a window", "row": "a value of the same row"}
            given = what.get(target.kind, "what stands in the same row")
            why = f"it is trained to give {given}, not the next step"
            help = "write `target = next_step()`"
            if target.kind == "ahead":
                help += "; or leave this section out: `predict` gives all steps at once"
            return self._refuse(why, data.span, help)
        return training

    def _looped(self, data: Data, term: Term) -> Value | None:
        """The input that takes the columns which the output gives."""
        target = data.targets[term.output]
        inputs = {v.name: v for v in self.graph.inputs if not v.parts and has_steps(v)}
        found = [inputs[n] for n, columns in data.inputs.items() if columns == target.names]
        if found:
            return found[0]
        near = [n for n, columns in data.inputs.items() if {*columns} & {*target.names}]
        name = near[0] if near else next(iter(inputs), self.graph.inputs[0].name)
        taken = data.inputs[name]
        help = "predict all of them: `target = next_step()`; or feed what is known beforehand "
        help += f"to an input of its own: `inputs = feed({name}=[{', '.join(target.names)}], …)`"
        if {*taken} == {*target.names}:
            help = f"write `next_step([{', '.join(taken)}])`"
        self.sink.report(
            codes.NOT_FED_BACK(model=self.graph.name, why=_difference(name, taken, target)),
            self.section.span,
            labels=(
                Label(data.span, f"`{name}` is fed with {_listed(taken)}"),
                Label(term.value.span, f"this gives {_listed(target.names)}"),
            ),
            help=help,
        )
        return None

    def _scaled_alike(self, data: Data, term: Term) -> bool:
        if data.scale is None or term.loss.entry.facts["scaled"]:
            return True
        why = f"the targets of `{term.loss.name}` are not scaled, its inputs are"
        self.sink.report(
            codes.NOT_FED_BACK(model=self.graph.name, why=why),
            self.section.span,
            labels=(Label(data.span, f"scaled by `{data.scale.name}`"),),
            help="take another loss, or leave `scale` out",
        )
        return False

    def _others(self, parts: Stepping, looped: Value) -> tuple[list[Value], list[Value]]:
        """The other inputs: those that come with each step, and those that are there before."""
        stepped = {value.name for value in parts.step.inputs}
        others = [v for v in self.graph.inputs if v is not looped]
        known = [v for v in others if v.name in stepped and has_steps(v)]
        return known, [v for v in others if v not in known]

    # ---- how much is read before

    def _warm_up(self, training: Training) -> int | None:
        """How many known steps are read before the first that is predicted; None for all."""
        written = self.section.values["warm_up"]
        windows = training.data.windows
        steps = int(windows.args["steps"]) if windows is not None else None
        if steps is None:
            return None if written in (None, "all") else written
        if written is None:
            return steps
        if written != "all" and written <= steps:
            return written
        self.sink.report(
            codes.LONG_WARM_UP(
                model=self.graph.name,
                steps=steps,
                more="all that is known" if written == "all" else f"{written}",
            ),
            self.section.at("warm_up"),
            labels=(Label(training.data.span, f"windows of {steps} steps"),),
            help=f"write `warm_up = {steps}`, or carry state while training",
            fix=Fix(self.section.at("warm_up"), str(steps)),
        )
        return None if written == "all" else written

    def _refuse(self, why: str, blamed: Value | Span | None, help: str = "") -> None:
        labels: tuple[Label, ...] = ()
        if isinstance(blamed, Value):
            labels = (Label(blamed.span, f"this is {blamed.type}"),)
        elif blamed is not None:
            labels = (Label(blamed, "said here"),)
        finding = codes.NO_FORECAST(model=self.graph.name, why=why)
        self.sink.report(finding, self.section.span, labels=labels, help=help)


def _difference(name: str, taken: tuple[str, ...], target: Target) -> str:
    missing = [column for column in taken if column not in target.names]
    if missing:
        return f"`{name}` takes {_listed(tuple(missing))} too, which nothing predicts"
    if {*taken} == {*target.names}:
        return f"its columns stand in another order than those of `{name}`"
    if {*taken} & {*target.names}:
        extra = tuple(column for column in target.names if column not in taken)
        return f"{_listed(extra)} is no column of `{name}`"
    return f"no input takes {_listed(target.names)}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
