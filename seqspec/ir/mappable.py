"""Tables that are kept in files and read a batch at a time: what that goes with."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.vocabulary.spec import Setting


def mappable(section: Section, trained: Sequence[Trained], split: Setting, sink: Sink) -> bool:
    """Whether a table can be read a batch at a time, if that is asked for; reports if not."""
    if section.values["memory"] == "whole":
        return True
    source: Setting = section.values["source"]
    moves = next((role for role in ("series", "order") if source.args.get(role)), "")
    missing = section.values["missing"]
    weights = ("sample_weight", "class_weight")
    weighted = any(one.loss.setting.args.get(name) for one in trained for name in weights)
    why = (
        f"`{source.name}` is no table"
        if not source.entry.facts["tabular"]
        else f"`{split.name}` moves them"
        if split.entry.facts["drawn"]
        else f"`{moves}=` moves them"
        if moves
        else f"`missing = {missing}` has to know all of them"
        if missing not in ("error", "forward_fill")
        else "weights are read into memory"
        if weighted
        else ""
    )
    if why:
        sink.report(
            codes.NOT_MAPPED(why=why),
            section.at("memory"),
            help="leave it out, or prepare the file so that its rows can stay where they are",
        )
    return not why
