"""An optimiser against what else a train section says."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.sections import Section
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting


def chosen(section: Section, sink: Sink) -> Setting | None:
    """The optimiser of a section; None after reporting what does not go together."""
    optimizer: Setting | None = section.values["optimizer"]
    if optimizer is None:
        return Setting.plain(ENTRIES["optimizer"]["adam"])
    fits = _one_clipping(optimizer, section, sink) and _one_rate(optimizer, section, sink)
    return optimizer if fits else None


def _one_clipping(optimizer: Setting, section: Section, sink: Sink) -> bool:
    given = [n for n in ("clipnorm", "global_clipnorm", "clipvalue") if optimizer.args[n]]
    momentum = optimizer.args.get("momentum")
    if optimizer.args.get("nesterov") and not momentum:
        what = "`nesterov` is a form of momentum, but `momentum` is 0"
        sink.report(
            codes.FORBIDDEN_VALUE(what=what), section.at("optimizer"), help="set momentum=0.9"
        )
        return False
    if len(given) < 2:
        return True
    what = "gradients are clipped in one way, not by " + " and ".join(f"`{n}`" for n in given)
    sink.report(codes.FORBIDDEN_VALUE(what=what), section.at("optimizer"), help="keep one of them")
    return False


def _one_rate(optimizer: Setting, section: Section, sink: Sink) -> bool:
    schedule = optimizer.args["learning_rate"]
    reduce: Setting | None = section.values["reduce"]
    if reduce is None or not isinstance(schedule, Setting):
        return True
    what = f"the learning rate follows `{schedule.name}`, so `{reduce.name}` cannot lower it"
    sink.report(
        codes.FORBIDDEN_VALUE(what=what),
        section.at("reduce"),
        labels=(Label(section.at("optimizer", schedule.name), "the schedule"),),
        help="leave one of them out",
    )
    return False
