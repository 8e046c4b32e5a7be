"""Sizes that only the data tells, put into what each layer needs: is there enough to take from?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import header
from seqspec.ir.dataset import Fed
from seqspec.ir.graph import Graph, Layer, Node, SubModel
from seqspec.shapes import pattern
from seqspec.shapes.dim import Dim
from seqspec.types import Tensor
from seqspec.vocabulary.spec import Problem, Site


def long_enough(graph: Graph, fed: Fed, sink: Sink) -> bool:
    """Whether each layer can take the data's sizes: a slice or a window may reach beyond them."""
    told: set[object] = set()
    for node in _nodes(graph):
        problem = _problem(node, fed.sizes)
        if problem is None or node.span in told:
            continue
        told.add(node.span)
        used = {name for value in node.inputs for name in _symbols(value.tensor)}
        known = ", ".join(f"{n} is {fed.sizes[n]}" for n in sorted(used) if n in fed.sizes)
        setting = "windows" if "windows" in fed.section.spans else "source"
        labels = (Label(fed.section.at(setting), f"{known} here"),)
        sink.report(problem.finding, node.span, labels=labels, help=problem.help)
    return not told


def _nodes(graph: Graph) -> Iterator[Node]:
    """The applications of layers on whole values, in the models of the graph too."""
    for node in graph.nodes:
        if isinstance(node.unit, SubModel):
            yield from () if node.fold else _nodes(node.unit.graph)
        elif not node.fold and node.unit.inner is None:
            yield node


def _symbols(type_: Tensor) -> set[str]:
    return {name for dim in type_.shape for name in dim.symbols}


def _problem(node: Node, known: Mapping[str, Dim]) -> Problem | None:
    layer = node.unit
    assert isinstance(layer, Layer)
    if not any(_symbols(value.tensor) & known.keys() for value in node.inputs):
        return None
    types = [header.substitute(value.type, dict(known)) for value in node.inputs]
    operands = tuple(t for t in types if isinstance(t, Tensor))
    ports = layer.spec.inputs
    patterns = [ports[0 if ports[0].variadic else index].pattern for index in range(len(operands))]
    bounds = [pattern.bind(p, t.shape) for p, t in zip(patterns, operands, strict=True)]
    if not all(bounds):
        return None
    sizes = {name: size for bound in bounds if bound for name, size in bound.sizes.items()}
    rest = bounds[-1].rest if bounds[-1] else ()
    result = layer.spec.rule(Site(layer.spec, layer.args, operands, sizes, rest))
    return result if isinstance(result, Problem) else None
