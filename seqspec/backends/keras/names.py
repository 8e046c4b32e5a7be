"""What the layers of a model are called in Keras: as in the spec, if nothing else takes the name.

An operator or a slice is an operation of the model too, and Keras calls it ``add_1`` or
``get_item`` by itself. All names of a model have to differ, so a layer gives way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seqspec.ir.graph import Graph, SubModel, Unit
from seqspec.vocabulary.forms import FORMS

_AUTOMATIC = re.compile(
    r"(add|subtract|multiply|true_divide|negative|get_item|concatenate"
    r"|not_equal|any|where|flip|logical_or|ones_like|cumsum|less_equal|repeat)(_\d+)?\Z"
)


def given_way(graph: Graph, name: str) -> str:
    """The name, or another one where Keras may give it to an operation of this graph."""
    return f"{name}_layer" if _operates(graph) and _AUTOMATIC.match(name) else name


def layer_names(graph: Graph) -> Mapping[Unit, str]:
    """The name in Keras of each layer and model of a graph."""
    taken = {unit.name for unit in graph.units}
    names: dict[Unit, str] = {}
    for unit in graph.units:
        name = given_way(graph, unit.name)
        while name != unit.name and name in taken:
            name += "_"
        taken.add(name)
        names[unit] = name
    return names


def _operates(graph: Graph) -> bool:
    """Whether there are operations beside layers: forms, and the merged ends of both directions."""
    return any(value.mask is not None for value in graph.inputs) or any(
        not isinstance(unit, SubModel) and (unit.kind in FORMS or unit.inner is not None)
        for unit in graph.units
    )
