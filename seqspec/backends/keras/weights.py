"""Where the weights of a model lie in Keras: the table in ``weights.py``.

Keras's layout is the canonical one, so a line of the table is a canonical name and a variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seqspec.backends.keras.layers import only_in_steps
from seqspec.backends.keras.names import layer_names
from seqspec.backends.keras.ties import tied_to
from seqspec.backends.python_text import WIDTH, Code, Names, assign, flat, literal
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.task import Training

#: names that mean something else inside the function of the table
RESERVED = ("model", "keras")

#: layer -> what the parts of its weights' names are called in it
PARTS: Mapping[str, Mapping[str, str]] = {
    "multi_head_attention": {
        "query": "query_dense",
        "key": "key_dense",
        "value": "value_dense",
        "attention_output": "output_dense",
    }
}

#: layer without a layer inside -> what leads from it to the object that holds its weights
HOLDERS: Mapping[str, str] = {"lstm": ".cell", "gru": ".cell", "simple_rnn": ".cell"}


def table(graph: Graph) -> list[str]:
    """The body of the function that maps canonical names to variables."""
    found = _Table()
    found.model(graph, "model", "")
    entries = [f"        {flat(literal(name))}: {variable}," for name, variable in found.entries]
    # One weight a line, however short the table: it is read as a table.
    returned = ["    return {", *entries, "    }"] if entries else ["    return {}"]
    return [*found.lines, *returned]


def _given(node: Node) -> list[Value]:
    return list(node.outputs.values())


def frozen(graph: Graph, training: Training) -> Iterator[str]:
    """The statements that keep what is frozen from being trained."""
    for one in training.frozen:
        if one.whole:
            inside, held = graph, "model"
            for unit in one.units:
                held = _reached(inside, unit, held)
                inside = unit.graph if isinstance(unit, SubModel) else inside
        else:
            held = f"weights.variables(model)[{flat(literal(one.path))}]"
        yield from assign(f"{held}.trainable", False, indent=4)


def _reached(graph: Graph, unit: Unit, model: str) -> str:
    """What leads from a model to a layer or a model in it."""
    names, tied = layer_names(graph), tied_to(graph)
    reached = f"{model}.get_layer({flat(literal(names[unit]))})"
    if unit in only_in_steps(graph):
        reached += ".layer"
    if unit in tied and not any(
        graph.uses(v) for n in graph.nodes if n.unit is unit for v in _given(n)
    ):
        # Nothing but a layer that uses its weight leads to it.
        reached = f"{model}.get_layer({flat(literal(names[tied[unit]]))}).layer"
    return reached


class _Table:
    """Collects local variables for the objects that hold weights, and the entries."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.entries: list[tuple[str, str]] = []
        self._names = Names(RESERVED)

    def model(self, graph: Graph, model: str, path: str, above: tuple[str, ...] = ()) -> None:
        """``path`` is what canonical names begin with, ``above`` the units around this model."""
        for unit in graph.units:
            if not any(True for _ in unit.all_weights()):
                continue
            reached = _reached(graph, unit, model)
            inside = f"{path}{unit.name}/"
            if isinstance(unit, SubModel):
                name = self._local("_".join((*above, unit.name)), reached)
                self.model(unit.graph, name, inside, (*above, unit.name))
            else:
                weights = [weight.name for weight in unit.weights]
                self._layer(unit, reached, weights, inside, (*above, unit.name))

    def _layer(
        self,
        layer: Layer,
        reached: str,
        weights: Sequence[str],
        path: str,
        words: tuple[str, ...],
    ) -> None:
        if layer.inner is None:
            parts = PARTS.get(layer.kind, {})
            inside = {w: ".".join(parts.get(p, p) for p in w.split("/")) for w in weights}
            name = self._local(
                self._fitting(words, path, inside), reached + HOLDERS.get(layer.kind, "")
            )
            self.entries += [(path + weight, f"{name}.{inside[weight]}") for weight in weights]
            return
        for side in ("forward", "backward"):
            own = [w.removeprefix(f"{side}/") for w in weights if w.startswith(f"{side}/")]
            there = f"{reached}.{side}_layer"
            self._layer(layer.inner, there, own, f"{path}{side}/", (*words, side))

    def _fitting(self, words: tuple[str, ...], path: str, inside: Mapping[str, str]) -> str:
        """A name out of the words of a path, as long as the lines of the table allow."""
        lines = (f"        {flat(literal(path + w))}: _2.{held}," for w, held in inside.items())
        room = WIDTH - max(map(len, lines))
        # A layer that belongs to a value of the user's is known well enough by that: seen_forward.
        short = tuple(word.removesuffix("_bidirectional") for word in words)
        ends = [way[first:] for first in range(max(1, len(words) - 1)) for way in (words, short)]
        for chosen in (*ends, (short[0], short[-1]), words[-1:]):
            name = "_".join(chosen)
            if len(name) <= room and not self._names.has(name):
                return name
        last = words[-1]
        return last if len(last) <= room else last.split("_")[-1]

    def _local(self, wanted: str, reached: str) -> str:
        name = self._names.fresh(wanted)
        self.lines += assign(name, Code(reached), indent=4)
        return name
