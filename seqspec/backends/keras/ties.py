"""Weights that are used by more than the layer that owns them, and a model's own."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.backends.keras.settings import number, setting, written
from seqspec.backends.python_text import Call, Code, literal
from seqspec.ir.findings import ties
from seqspec.ir.graph import Graph, Layer, Unit, Value
from seqspec.vocabulary.initializers import built_with
from seqspec.vocabulary.spec import Tie

_DENSE = {"activation": "linear", "use_bias": True, "bias_initializer": "zeros"}


def tie_of(unit: Unit) -> Tie | None:
    """The weight of another layer that a layer uses as its kernel."""
    return next(iter(ties(unit)), None)


def tied_to(graph: Graph) -> Mapping[Unit, Unit]:
    """The layers whose weights others use, each with the first that does.

    Not the weights of the model's own: those flow to where they are used.
    """
    found: dict[Unit, Unit] = {}
    for unit in graph.units:
        for tie in ties(unit):
            if flowing(graph, tie) is None:
                found.setdefault(tie.owner, unit)
    return found


def flowing(graph: Graph, tie: Tie) -> Value | None:
    """The value that a weight of the model's own is; None for a weight of a layer."""
    made = (node.value for node in graph.nodes if node.unit is tie.owner and not node.inputs)
    return next(made, None)


def dense(layer: Layer, tie: Tie, owner: str) -> Call:
    """A dense layer with a kernel of the layer that is called ``owner``, or one that flows in."""
    keywords = (("transposed", True),) if tie.transposed else ()
    whose = (Code(owner), literal(tie.weight)) if owner else ()
    args = (number(layer.args["units"]), *whose)
    return Call("TiedDense", args, (*keywords, *written(layer.args, _DENSE)))


def own_weight(layer: Layer) -> Call:
    """The layer that holds a weight of the model's own."""
    shape = tuple(number(size) for size in layer.weights[0].shape)
    fixed = () if layer.weights[0].trainable else (("trainable", False),)
    return Call("Weight", (literal(shape), setting(built_with(layer.args["initializer"]))), fixed)
