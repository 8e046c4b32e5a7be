"""Data that is kept in files and read a batch at a time: what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.feeding import Fed
from seqspec.ir.task import Data, Term


def mappable(terms: Sequence[Term], fed: Fed, sink: Sink) -> bool:
    """Whether a file can be read a batch at a time, if that is asked for; reports if not."""
    data = fed.data
    why = "" if data.memory == "whole" else _obstacle(terms, data)
    if why:
        sink.report(
            codes.NOT_MAPPED(why=why),
            fed.section.at("memory"),
            help="leave it out, or prepare the file so that it can stay as it is",
        )
    return not why


def _obstacle(terms: Sequence[Term], data: Data) -> str:
    if any(term.weighted for term in terms):
        return "weights are read into memory"
    return _in_table(data) if data.tabular else _in_arrays(data)


def _in_arrays(data: Data) -> str:
    if data.source.entry.facts.get("code"):
        return f"`{data.source.name}` gets its arrays in memory"
    if data.ragged or data.source.entry.facts.get("samples"):
        return "samples of their own lengths are cut in memory"
    return "" if data.missing == "error" else f"`missing = {data.missing}` changes whole arrays"


def _in_table(data: Data) -> str:
    if data.split.entry.facts["drawn"]:
        return f"`{data.split.name}` moves them"
    if data.series or data.order:
        return f"`{'series' if data.series else 'order'}=` moves them"
    known = data.missing in ("error", "forward_fill")
    return "" if known else f"`missing = {data.missing}` has to know all of them"
