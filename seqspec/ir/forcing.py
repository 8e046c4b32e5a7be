"""What a model is given in training of what it says itself: whether that makes sense for it."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.graph import Graph
from seqspec.ir.sections import Section
from seqspec.ir.task import Training


def fits(training: Training, graph: Graph, section: Section, sink: Sink, *, written: bool) -> bool:
    """Whether some right tokens can be left out of training, if any are; reports if not.

    ``written`` says that the model has a generate section.
    """
    if training.teacher_forcing == 1:
        return True
    why, help = "", "leave it out: the model is then given all of the right tokens"
    if not written:
        why = f"nothing says what `{graph.name}` reads of it"
        help = f"add `generate {graph.name} {{ loop = …, limit = … }}`, or leave it out"
    elif training.data.streams is not None:
        why = "a state that is carried on has read the right tokens"
    elif graph.activity:
        why = "what an `activity_regularizer` costs would be counted for these tokens too"
    if why:
        finding = codes.NOT_FORCED(why=why)
        sink.report(finding, section.at("teacher_forcing"), help=help)
    return not why
