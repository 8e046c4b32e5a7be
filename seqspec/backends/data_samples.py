"""The samples of a part: rows or windows of inputs, targets and what they weigh."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_doc import samples_doc
from seqspec.backends.data_feeds import AS_FLOATS, Feed, Feeds
from seqspec.backends.data_mapped import rows_on_disk
from seqspec.backends.data_naive import NaivePlan, naive_keyword
from seqspec.backends.data_part import needed_rows
from seqspec.backends.data_prediction import returned
from seqspec.backends.data_series import SeriesPlan, input_rows, target_rows
from seqspec.backends.python_text import (
    Code,
    Expr,
    Group,
    assign,
    call,
    literal,
    mapping,
    safe,
)
from seqspec.ir.task import Term, Training


@dataclass(frozen=True, slots=True)
class SamplesPlan:
    """What ``assemble`` takes besides the rows of a part, what it says of itself, its body."""

    arguments: str
    parameters: str
    doc: str
    lines: tuple[str, ...]


class Samples:
    """Writes ``assemble``: from the rows of a part to its samples."""

    def __init__(
        self, feeds: Feeds, training: Training, series: SeriesPlan, naive: NaivePlan
    ) -> None:
        self.naive = naive
        self.feeds = feeds
        self.training = training
        self.series = series
        self._mapped = training.data.memory == "map" and not training.data.texts

    def _rows(self, feed: Feed) -> str:
        if self._mapped:
            return rows_on_disk(feed, "part", tabular=self.training.data.tabular)
        return feed.rows("part", "scaled")

    def _window(self, rows: str, length: str) -> Code:
        stride = ", STRIDE" if self.feeds.stride > 1 else ""
        return Code(f"windows({rows}, {length}{stride})")

    def plan(self, weights: WeightsPlan, lines: tuple[str, ...] | None = None) -> SamplesPlan:
        """All of ``assemble``, whose body may be another one."""
        scaled = self.training.data.scale is not None
        return SamplesPlan(
            arguments=(", scaling" if scaled else "") + weights.argument + self.naive.argument,
            parameters=(", scaling: Scaling" if scaled else "")
            + weights.parameter
            + self.naive.parameter,
            doc=samples_doc(self.training.data),
            lines=self.lines() if lines is None else lines,
        )

    def lines(self) -> tuple[str, ...]:
        """The body of ``assemble``."""
        scales = any(feed.scaled for feed in self.feeds.all) and not self._mapped
        lines = ["scaled = scaling.apply(part)"] if scales else []
        if self.series.cuts:
            stride = ", STRIDE" if self.feeds.stride > 1 else ""
            lines.append(f"first = starts(part[SERIES], {needed_rows(self.feeds)[0]}{stride})")
        inputs: list[Expr] = []
        for feed in self.feeds.inputs:
            if feed.counted:
                # Those of a late target are its own.
                counted = self.feeds.inputs[len(inputs) - 1]
                inputs.append(Code(f"{counted.variable if counted.late else inputs[-1]}.lengths"))
                continue
            lines.append(f"{feed.variable} = {self._rows(feed)}")
            if self.series.cuts:
                inputs.append(input_rows(feed, feed.variable, self.feeds.ahead_rows))
            elif feed.stands == "ahead":
                inputs.append(self._window(f"{feed.variable}[STEPS:]", self.feeds.ahead_rows))
            elif self.feeds.windowed:
                inputs.append(self._window(feed.variable + self._until(0), "STEPS"))
            else:
                inputs.append(Code(feed.shifted(feed.variable) + self.feeds.shortened(feed)))
        known = list(self.feeds.inputs)
        targets: list[Expr] = []
        weights: list[Expr] = []
        for term, target in zip(self.training.terms, self.feeds.targets, strict=True):
            twin = next((feed for feed in known if feed.same_rows(target)), target)
            if twin is target:
                lines.append(f"{target.variable} = {self._rows(target)}")
                known.append(target)
            targets.append(self._target_expr(target, twin.variable))
            if self.training.weighted:
                variable, line = self.weight(term, target, twin.variable)
                lines += line
                whole = target.ragged and not self.feeds.weighs_steps(term)
                weights.append(Code(variable) if whole else self._target_expr(target, variable))
        keywords = {"inputs": Group("(", tuple(inputs))}
        more = self._told()
        if self.training.several:
            keywords["targets"] = Group("(", tuple(targets))
            more |= {"weights": Group("(", tuple(weights))} if weights else {}
            return (*lines, *returned(call("Part", **keywords, **more)))
        more |= {"weight": weights[0]} if weights else {}
        return (*lines, *returned(call("Part", **keywords, target=targets[0], **more)))

    def _told(self) -> dict[str, Expr]:
        """What series each sample is of and what its errors are divided by, where that is asked."""
        told: dict[str, Expr] = {}
        if self.training.data.scaled_by_series:
            told["series"] = Code(f"part[SERIES]{'[first]' if self.series.cuts else ''}")
        return told | naive_keyword(self.naive)

    def weight(self, term: Term, target: Feed, rows: str) -> tuple[str, list[str]]:
        """The variable that weighs the rows of an output, and the lines that make it."""
        prefix = f"{target.variable}_" if self.training.several else ""
        variable = f"{prefix}weight"
        factors: list[str] = []
        lines: list[str] = []
        stepwise = len(term.value.tensor.shape) == 3
        steps = stepwise and not (self.feeds.windowed or self.feeds.streamed)
        ragged = target.ragged and self.feeds.weighs_steps(term)
        if term.class_weight is not None:
            ids = _class_ids(term, f"{rows}.values" if ragged else rows)
            if term.ignore_class is not None:
                ids = f"np.where({ids} == {term.ignore_class}, 0, {ids})"
            factors.append(f"{self._class_weights(term)}[{ids}]")
        feed = self.feeds.weights.get(term.output)
        if feed is not None:
            weight = f"weights_of(part, {feed.key})"
            if ragged and not feed.per_step:
                lines = assign(variable, Code(f"np.repeat({weight}, {rows}.lengths)"))
                weight = variable
            elif steps and not feed.per_step:
                weight += "[:, None]"
            factors.append(weight)
        if not factors:  # another output has weights
            shape = f"(len({rows}), 1)" if steps else f"len({rows})"
            factors.append(f"np.ones({shape}, np.float32)")
        product = " * ".join(factors)
        weighed = f"{rows}.exchanged({product})" if ragged else product
        # Laid out where it will stand; the template indents it again.
        return variable, [*lines, *(line[4:] for line in assign(variable, Code(weighed), indent=4))]

    def _class_weights(self, term: Term) -> str:
        if term.class_weight == "balanced":
            return (
                f"class_weights[{literal(term.output)}]"
                if self.training.several
                else "class_weight"
            )
        return class_constant(term, self.training)

    def _until(self, start: int) -> str:
        """The slice of rows from ``start``, without those that no window of that start reaches."""
        rest = self.feeds.beyond - start
        if rest <= 0:
            return f"[{start}:]" if start else ""
        if self.feeds.horizon == 1:
            return f"[{start or ''}:-{rest}]"
        return f"[{start} : {start} - HORIZON]" if start else "[:-HORIZON]"

    def _target_expr(self, target: Feed, name: str) -> Code:
        if not self.feeds.windowed:
            return Code(name + self.feeds.shortened(target))
        if self.series.cuts:
            return target_rows(name, target.kind, target.windowed, self.feeds.horizon)
        if target.kind != "ahead":
            rows = name + self._until(1 if target.kind == "next_step" else 0)
            return self._window(rows, "STEPS")
        if target.windowed:
            length = "HORIZON" if self.feeds.horizon > 1 else "1"
            return self._window(f"{name}[STEPS:]", length)
        return Code(f"{name}[STEPS::STRIDE]" if self.feeds.stride > 1 else f"{name}[STEPS:]")


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """The template's values for what samples weigh.

    ``constants`` are weights of classes, ``column`` says that data holds some, ``steps`` that
    these are of steps of sequences; ``balance`` is the
    line that works weights out of the training part, for ``argument`` of ``assemble``.
    """

    used: bool
    constants: tuple[str, ...]
    column: bool
    steps: bool
    balance: tuple[str, ...]
    argument: str
    parameter: str


NO_WEIGHTS = WeightsPlan(False, (), False, False, (), "", "")


def plan_weights(feeds: Feeds, training: Training) -> WeightsPlan:
    """Decides how samples are weighed."""
    if not training.weighted:
        return NO_WEIGHTS
    constants: list[str] = []
    counted: list[tuple[Term, Code]] = []
    for term, target in zip(training.terms, feeds.targets, strict=True):
        if term.class_weight == "balanced":
            rows = target.rows("parts[0]", "parts[0]").replace(AS_FLOATS, "")
            if target.ragged:
                rows += f"{feeds.shortened(target)}.values"
            ids = _class_ids(term, rows)
            kept = f"{ids}[{ids} != {term.ignore_class}]" if term.ignore_class is not None else ids
            classes = 2 if term.compares == "binary" else term.value.tensor.shape[-1].value
            counted.append((term, Code(f"balanced({kept}, {classes})")))
        elif isinstance(term.class_weight, tuple):
            array = call("np.array", Group("[", term.class_weight), Code("np.float32"))
            constants += assign(class_constant(term, training), array)
    balance: list[str] = []
    argument = "class_weights" if training.several else "class_weight"
    if counted and training.several:
        balance = assign(argument, mapping([(t.output, value) for t, value in counted]), indent=4)
    elif counted:
        balance = assign(argument, counted[0][1], indent=4)
    kind = "dict[str, np.ndarray]" if training.several else "np.ndarray"
    return WeightsPlan(
        used=True,
        constants=tuple(constants),
        column=bool(feeds.weights),
        steps=any(feed.ragged for feed in feeds.weights.values()),
        balance=tuple(balance),
        argument=f", {argument}" if counted else "",
        parameter=f", {argument}: {kind}" if counted else "",
    )


def class_constant(term: Term, training: Training) -> str:
    """The constant that holds what the classes of an output weigh."""
    return f"{safe(term.output).upper()}_CLASS_WEIGHT" if training.several else "CLASS_WEIGHT"


def _class_ids(term: Term, rows: str) -> str:
    """The class of each row of a target, before its last axis is gone."""
    if term.compares == "one_hot":
        return f"{rows}.argmax(axis=-1)"
    if term.compares == "binary":
        return f"({rows}[..., 0] > 0.5).astype(np.int64)"
    return rows
