"""A train section against its model and its data: what the loss compares with what."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import freezing, measuring, optimizing, ragged, streams
from seqspec.ir.augmenting import augmentable
from seqspec.ir.comparison import Comparison, mismatch
from seqspec.ir.feeding import Fed
from seqspec.ir.graph import Graph
from seqspec.ir.lengths import long_enough
from seqspec.ir.losses import WrittenTerm
from seqspec.ir.mapping import mappable
from seqspec.ir.measuring import measures
from seqspec.ir.outputs import Trained
from seqspec.ir.scaling import scalable
from seqspec.ir.sections import Section
from seqspec.ir.task import Training


def check(
    section: Section, graph: Graph, trained: Sequence[Trained], fed: Fed, sink: Sink
) -> Training | None:
    """The training of a model; None after reporting what does not fit."""
    values = section.values
    frozen = freezing.resolve(values["freeze"], graph, section.at("freeze"), sink)
    if frozen is None:
        return None
    terms = [Comparison(one, graph, fed, frozen, sink).term() for one in trained]
    stray = [metric for metric in trained[0].shared if _strays(metric, trained, fed, sink)]
    found = tuple(term for term in terms if term is not None)
    if len(found) < len(terms) or stray:
        return None
    if not (_drawn(graph, fed, section, sink) and long_enough(graph, fed, sink)):
        return None
    if not (mappable(found, fed, sink) and scalable(fed, sink)):
        return None
    if not augmentable(graph, found, fed, sink):
        return None
    if not _unpadded(graph, fed, sink):
        return None
    if not streams.check_training(graph, section, fed, sink):
        return None
    optimizer = optimizing.chosen(section, sink)
    if optimizer is None:
        return None
    return Training(
        fed.data,
        found,
        optimizer,
        values["batch_size"],
        values["epochs"],
        values["seed"],
        values["shuffle"] and fed.data.streams is None,
        values["stop"],
        section.span,
        values["reduce"],
        values["precision"],
        frozen,
        values["reset"],
        values["batch_size"] if "batch_size" in section.spans else None,
        float(values["teacher_forcing"]),
    )


def _drawn(graph: Graph, fed: Fed, section: Section, sink: Sink) -> bool:
    """Whether samples can be drawn into batches as both sections say."""
    if fed.data.batches is not None and not section.values["shuffle"]:
        what = f"`{fed.data.batches.name}` draws samples in an order of its own, "
        what += "but `shuffle = false` keeps that of the file"
        labels = (Label(fed.section.at("batches"), "the order"),)
        sink.report(
            codes.FORBIDDEN_VALUE(what=what),
            section.at("shuffle"),
            labels=labels,
            help="leave out one of them",
        )
        return False
    ports = [(value, value.tensor) for value in graph.inputs if not value.parts]
    return ragged.padded(ports, fed.data.ragged, section, fed.section, sink)


def _strays(metric: WrittenTerm, trained: Sequence[Trained], fed: Fed, sink: Sink) -> bool:
    """Whether a metric that names no output can be computed on none; reports if so."""
    fitting = [one for one in trained if measures(metric, one.loss)]
    if not fitting:
        mismatch(metric, trained[0].loss, sink)
        return True
    lacks = all(measuring.lacking(metric, one, fed) for one in fitting)
    return lacks and measuring.report(metric, fitting[0], fed, sink)


def _unpadded(graph: Graph, fed: Fed, sink: Sink) -> bool:
    """Whether nothing would count padding as data: a mean for scaling."""
    padded = [v for v in graph.inputs if v.mask is not None and v.tensor.kind == "float"]
    if fed.data.scale is not None and padded and not fed.data.ragged:
        what = f"`scale` would take the padding of `{padded[0].name}` for data"
        help = "scale the data where the file is made, before it is padded"
        labels = (Label(padded[0].span, "padded here"),)
        place = fed.section.at("scale")
        sink.report(codes.FORBIDDEN_VALUE(what=what), place, labels=labels, help=help)
        return False
    return True
