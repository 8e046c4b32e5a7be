"""What an output wants to be compared with, and is not there."""

from __future__ import annotations

from collections.abc import Iterable

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label
from seqspec.ir.feeding import Feeder
from seqspec.ir.outputs import Trained


def missing_target(
    feeder: Feeder, one: Trained, what: str, name: str, present: Iterable[str]
) -> None:
    """Report that what an output is compared with is not there."""
    if one.target.span != feeder.section.span:
        feeder.missing(what, name, present, "target", one.target.at(name))
        return
    finding = codes.UNKNOWN_COLUMN(path=feeder.shown, what=what, name=name)
    feeder.sink.report(
        finding,
        one.value.span,
        labels=(Label(feeder.section.at("source"), "the data"),),
        help=f"an output is compared with the {what} of its name, or as its loss says: "
        f"{one.loss.setting.name}({one.output}, target.{next(iter(present))})",
    )
