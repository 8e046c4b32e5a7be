"""What a metric needs besides a loss with a fitting target: a series to forecast, or sequences."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.feeding import Fed
from seqspec.ir.losses import WrittenTerm
from seqspec.ir.outputs import Trained


def measures(metric: WrittenTerm, loss: WrittenTerm) -> bool:
    """Whether a metric can be computed where an output has a loss."""
    return loss.setting.entry.facts["target"] in metric.setting.entry.facts["targets"]


def lacking(metric: WrittenTerm, one: Trained, fed: Fed) -> str:
    """What an output has instead of what a metric measures; empty if that is there."""
    wanted = metric.setting.entry.facts.get("measures", "")
    kind = fed.data.targets[one.output].kind
    if wanted == "forecasts of a series":
        if fed.data.windows is None:
            return "each sample stands for itself: there are no windows of a series"
        return "the target is a step that the model has seen" if kind == "same_step" else ""
    if wanted == "sequences of classes" and one.value.tensor.rank != 3:
        return f"the output is {one.value.type}"
    return ""


def report(metric: WrittenTerm, one: Trained, fed: Fed, sink: Sink) -> bool:
    """Whether an output lacks what a metric measures; reports if it does."""
    actual = lacking(metric, one, fed)
    if not actual:
        return False
    wanted = metric.setting.entry.facts["measures"]
    sink.report(
        codes.METRIC_NEEDS(metric=metric.setting.name, wanted=wanted, actual=actual),
        metric.span,
        labels=(Label(one.value.span, "the output"),),
        help=_HELP[wanted],
    )
    return True


_HELP = {
    "forecasts of a series": "use mae, mape or smape, or forecast: `windows = sliding(steps=…)` "
    "and a target ahead of them",
    "sequences of classes": "use accuracy, or let the model give classes for each step: [B, T, …]",
}
