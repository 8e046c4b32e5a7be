"""Streams: series side by side in chunks, for models that carry their state from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir import carried
from seqspec.ir.files import source_path
from seqspec.ir.graph import Graph
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.ir.task import Data
from seqspec.types import Padding, Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting

if TYPE_CHECKING:
    from seqspec.ir.feeding import Fed


def streamed(section: Section) -> Setting | None:
    """How a data section cuts its series into chunks; None if it does not."""
    batches: Setting | None = section.values["batches"]
    return batches if batches is not None and batches.name == "streams" else None


def steps_of(section: Section) -> Setting | None:
    """The windows of a section; a chunk is a window of as many steps as there are."""
    if streamed(section) is None:
        return section.values["windows"]
    return Setting(ENTRIES["windows"]["sliding"], {"steps": "T", "stride": 1, "horizon": 1})


def check_data(section: Section, graph: Graph, trained: Sequence[Trained], sink: Sink) -> bool:
    """Whether a data section can be read as streams, if that is asked for; reports if not."""
    if streamed(section) is None:
        return True
    fits = _cut(section, sink) and _targets(trained, sink) and _any_length(section, graph, sink)
    return fits and _unpadded(section, graph, sink)


def _cut(section: Section, sink: Sink) -> bool:
    """Whether there are series to be cut, which nothing else cuts or draws."""
    source: Setting = section.values["source"]
    split: Setting | None = section.values["split"]
    drawn = split is not None and split.name == "random"
    why, setting, help = "", "", ""
    if section.values["windows"] is not None:
        why, setting = "`windows` has cut them already, into samples that overlap", "windows"
        help = "leave `windows` out: state takes the place of what a window remembers"
    elif source.entry.facts.get("samples"):
        why, setting = f"`{source.name}` holds samples, none of which goes on in the next", "source"
        help = 'read one long text: text("…")'
    elif drawn:
        why, setting = "`random` would draw single rows out of them", "split"
        help = "write chronological(…), or by_series(…) to deal out whole series"
    else:
        return True
    labels = (Label(section.at("batches"), "cut here"),)
    sink.report(codes.NO_STREAM(why=why), section.at(setting), labels=labels, help=help)
    return False


def _targets(trained: Sequence[Trained], sink: Sink) -> bool:
    for one in trained:
        stepwise = isinstance(one.value.type, Tensor) and one.value.tensor.rank > 2
        if one.target.kind is None:
            what = "these columns say nothing of when they are taken"
            columns = ", ".join(one.target.columns)
            place, help = one.target.span, f"write next_step([{columns}]) or same_step([{columns}])"
        elif not stepwise:
            what = f"the model gives {one.value.type} for all of them"
            place, help = one.value.span, "write `return=sequence` in the last recurrent layer"
        else:
            continue
        sink.report(codes.STREAM_TARGET(what=what), place, help=help)
        return False
    return True


def _unpadded(section: Section, graph: Graph, sink: Sink) -> bool:
    """Whether no input of a stream is padded; reports if one is."""
    padded = (v for v in graph.inputs if isinstance(v.type, Tensor) and v.type.pad is not None)
    value = next(padded, None)
    if value is None:
        return True
    by = value.tensor.pad
    pad = f"pad={by.value if isinstance(by, Padding) else by}"
    sink.report(
        codes.PADDED_STREAM(port=value.name, pad=pad),
        value.span,
        labels=(Label(section.at("batches"), "read in chunks"),),
        help=f"leave `{pad}` out; leave rows that hold no data out of the table, or add a column "
        "that tells them",
    )
    return False


def _any_length(section: Section, graph: Graph, sink: Sink) -> bool:
    for value in graph.inputs:
        if not isinstance(value.type, Tensor) or value.tensor.rank < 3 - (
            value.tensor.kind == "token"
        ):
            continue
        steps = value.tensor.shape[1]
        if steps.value is not None:
            sink.report(
                codes.STREAM_STEPS(port=value.name, steps=steps.value),
                value.span,
                labels=(Label(section.at("batches"), "chunks"),),
                help="name the axis instead, such as `T`: it is found for each batch",
            )
            return False
    return True


def check_training(graph: Graph, section: Section, fed: Fed, sink: Sink) -> bool:
    """Whether a training keeps carried state where it belongs; reports if not."""
    data, at = fed.data, fed.section
    layer = next(carried.stateful(graph), None)
    if layer is None:
        return _nothing_carried(section, data, at, sink)
    labels = (Label(layer.span, "carries its state"),)
    if data.streams is None:
        why = "the samples of this data stand in no such order"
        help = "cut the series into chunks: `batches = streams(chunk=50)`"
        if data.windows is not None:
            why = "windows are samples on their own"
            help += ", without `windows`"
        place = at.at("windows" if data.windows is not None else "source")
        finding = codes.OUT_OF_ORDER(layer=layer.name, why=why)
        sink.report(finding, place, labels=labels, help=help)
        return False
    if "shuffle" in section.spans and section.values["shuffle"]:
        place = section.at("shuffle")
        finding = codes.OUT_OF_ORDER(layer=layer.name, why="`shuffle = true` draws them anew")
        fix = Fix(place, "false")
        sink.report(finding, place, labels=labels, help="leave `shuffle` out", fix=fix)
        return False
    if section.values["reset"] is None:
        sink.report(
            codes.NO_RESET(layer=layer.name),
            section.span,
            labels=labels,
            help="write `reset = epoch`, `sequence`, `never` or `on(column)`",
        )
        return False
    return _clearing(section, fed, sink)


def _clearing(section: Section, fed: Fed, sink: Sink) -> bool:
    """Whether the column is there whose changes clear the state."""
    column = section.values["reset"].args.get("column")
    if column is None:
        return True
    path = f"`{source_path(fed.data.source)}`"
    place = section.at("reset", column)
    if fed.data.memory == "map":
        why = f"`reset = on({column})` reads a column as text"
        sink.report(codes.NOT_MAPPED(why=why), place, help="leave out one of them")
        return False
    if not fed.data.tabular:
        what = f"`{column}` would be a column of a table, which {path} is not"
        help = "write `reset = epoch`, `sequence` or `never`"
        sink.report(codes.FORBIDDEN_VALUE(what=what), place, help=help)
        return False
    if fed.present is None or column in fed.present:
        return True
    found = nearest(column, fed.present)
    sink.report(
        codes.UNKNOWN_COLUMN(path=path, what="column", name=column),
        place,
        help=f"did you mean `{found}`?" if found else "its columns: " + ", ".join(fed.present),
        fix=Fix(place, found) if found else None,
    )
    return False


def _nothing_carried(section: Section, data: Data, at: Section, sink: Sink) -> bool:
    what, place = "", section.span
    if section.values["reset"] is not None:
        what, place = "`reset` says when state is cleared", section.at("reset")
    elif data.streams is not None:
        what, place = "`streams` goes on where the batch before ended", at.at("batches")
    if not what:
        return True
    help = "write `stateful=true` in the recurrent layers that are to carry theirs, or leave it out"
    sink.report(codes.NOTHING_CARRIED(what=what), place, help=help)
    return False
