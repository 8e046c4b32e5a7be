"""The plan of naive forecasts in ``data.py``: their errors on the training part, to measure by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqspec.backends.data_feeds import AS_FLOATS, Feed, Feeds
from seqspec.backends.data_mapped import rows_on_disk
from seqspec.backends.data_series import cuts_series
from seqspec.backends.python_text import Call, Code, assign, mapping
from seqspec.ir.task import Term, Training
from seqspec.vocabulary.spec import Setting

#: the type of what ``score`` is given, and of the field of ``Part``
ERRORS = "dict[str, np.ndarray]"


@dataclass(frozen=True, slots=True)
class NaivePlan:
    """The template's values: ``lines`` of ``load`` find the errors, ``value`` is those of a part.

    ``several`` tells that each series has its own.
    """

    used: bool
    several: bool = False
    lines: tuple[str, ...] = ()
    argument: str = ""
    parameter: str = ""
    value: str = ""


def scaled_errors(training: Training) -> list[tuple[str, Term, Setting]]:
    """The scores that are told in units of a naive forecast's error, by name."""
    return [
        ((f"{term.output}_" if training.several else "") + score_name(metric), term, metric)
        for term in training.terms
        for metric in term.measured_by("mase")
    ]


def score_name(metric: Setting) -> str:
    """What such a score is called: ``mase_24`` says the season."""
    season = metric.args["season"]
    return metric.name if season == 1 else f"{metric.name}_{season}"


def plan_naive(feeds: Feeds, training: Training) -> NaivePlan:
    """Decides how the errors of naive forecasts are found."""
    found = scaled_errors(training)
    if not found:
        return NaivePlan(used=False)
    several = cuts_series(training.data)
    by_output = dict(zip((term.output for term in training.terms), feeds.targets, strict=True))
    entries = [
        (name, _error(by_output[term.output], metric, training)) for name, term, metric in found
    ]
    kind = f"dict[str, {ERRORS}]" if several else ERRORS
    own = "{name: of_series(errors, part[SERIES][first]) for name, errors in naive.items()}"
    return NaivePlan(
        used=True,
        several=several,
        lines=tuple(assign("naive", mapping(entries), indent=4)),
        argument=", naive",
        parameter=f", naive: {kind}",
        value=own if several else "naive",
    )


def _error(feed: Feed, metric: Setting, training: Training) -> Call:
    if training.data.memory != "whole":
        rows = rows_on_disk(replace(feed, scaled=False), "parts[0]", tabular=training.data.tabular)
    else:
        rows = feed.rows("parts[0]", "parts[0]").replace(AS_FLOATS, "")
    season = metric.args["season"]
    if cuts_series(training.data):
        steps = (("steps", Code("True")),) if feed.windowed else ()
        return Call("naive_errors", (Code(rows), Code("parts[0][SERIES]"), season), steps)
    axes = "[None, None]" if feed.windowed else "[None]"
    return Call("naive_error", (Code(rows), season), behind=axes)


def naive_keyword(plan: NaivePlan) -> dict[str, Code]:
    """What ``Part`` is given."""
    return {"naive": Code(plan.value)} if plan.used else {}
