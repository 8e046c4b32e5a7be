"""A train section against its model and its data: what the loss compares with what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import ragged
from seqspec.ir.comparison import Comparison, measures, mismatch
from seqspec.ir.feeding import Fed
from seqspec.ir.graph import Graph
from seqspec.ir.lengths import long_enough
from seqspec.ir.losses import WrittenTerm
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.ir.task import Training
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting


def check(
    section: Section, graph: Graph, trained: Sequence[Trained], fed: Fed, sink: Sink
) -> Training | None:
    """The training of a model; None after reporting what does not fit."""
    values = section.values
    terms = [Comparison(one, graph, fed, sink).term() for one in trained]
    stray = [metric for metric in trained[0].shared if not any(map(_measures(metric), trained))]
    for metric in stray:
        mismatch(metric, trained[0].loss, sink)
    found = tuple(term for term in terms if term is not None)
    if len(found) < len(terms) or stray:
        return None
    if not (_drawn(graph, fed, section, sink) and long_enough(graph, fed, sink)):
        return None
    optimizer = values["optimizer"]
    if optimizer is None:
        adam = ENTRIES["optimizer"]["adam"]
        optimizer = Setting.plain(adam)
    elif not _one_clipping(optimizer, section, sink):
        return None
    return Training(
        fed.data,
        found,
        optimizer,
        values["batch_size"],
        values["epochs"],
        values["seed"],
        values["shuffle"],
        values["stop"],
        section.span,
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
    if fed.data.ragged and len(graph.outputs) > 1:
        what = "sequences of lengths of their own train one output, but "
        what += f"`{graph.name}` has {len(graph.outputs)}"
        help = "save padded arrays, or train a model for each output"
        sink.report(codes.FORBIDDEN_VALUE(what=what), fed.section.at("source"), help=help)
        return False
    ports = [(value, value.tensor) for value in graph.inputs if not value.parts]
    return ragged.padded(ports, fed.data.ragged, section, fed.section, sink)


def _measures(metric: WrittenTerm) -> Callable[[Trained], bool]:
    """Whether a metric can be computed on an output."""
    return lambda one: measures(metric, one.loss)


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
