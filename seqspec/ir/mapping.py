"""Data that is kept in files and read a batch at a time: what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.feeding import Fed
from seqspec.ir.task import Data, Term


def mappable(terms: Sequence[Term], fed: Fed, sink: Sink) -> bool:
    """Whether a table can be read a batch at a time, if that is asked for; reports if not."""
    data = fed.data
    why = "" if data.memory == "whole" else _obstacle(terms, data)
    if why:
        sink.report(
            codes.NOT_MAPPED(why=why),
            fed.section.at("memory"),
            help="leave it out, or prepare the file so that its rows can stay where they are",
        )
    return not why


def _obstacle(terms: Sequence[Term], data: Data) -> str:
    if not data.tabular:
        return f"`{data.source.name}` is no table"
    if data.split.entry.facts["drawn"]:
        return f"`{data.split.name}` moves them"
    if data.series or data.order:
        return f"`{'series' if data.series else 'order'}=` moves them"
    if data.missing not in ("error", "forward_fill"):
        return f"`missing = {data.missing}` has to know all of them"
    return "weights are read into memory" if any(term.weighted for term in terms) else ""
