"""State that is carried from batch to batch, made explicit: an input and an output of the graph.

A ``stateful`` layer begins with the state that the batch before ended with. Programs hand that
state in and get it back; what keeps it in between is the training loop or whoever calls the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.causality import sights
from seqspec.ir.graph import Carry, Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.values import value_of
from seqspec.types import Tensor


def stateful(graph: Graph) -> Iterator[Layer]:
    """The layers of a graph, and of the models in it, that carry their state."""
    for unit in graph.units:
        if isinstance(unit, SubModel):
            yield from stateful(unit.graph)
        elif unit.args.get("stateful"):
            yield unit


def explicit(graph: Graph) -> Graph:
    """The graph with carried states as its last inputs and outputs; itself if there are none."""
    nodes: list[Node] = []
    carried: list[Carry] = []
    taken = {value.name for value in graph.inputs} | {name for name, _ in graph.outputs}
    for node in graph.nodes:
        unit = node.unit
        if isinstance(unit, SubModel):
            inner = explicit(unit.graph)
            own = tuple(_outside(carry, unit, taken) for carry in inner.carried)
            if own:
                ports = [name for name, _ in inner.outputs[len(unit.graph.outputs) :]]
                # Inside of it they are inputs and outputs like any other.
                node = replace(
                    node,
                    unit=SubModel(unit.name, replace(inner, carried=()), unit.span),
                    inputs=(*node.inputs, *(carry.given for carry in own)),
                    outputs={
                        **node.outputs,
                        **{name: carry.kept for name, carry in zip(ports, own, strict=True)},
                    },
                )
                carried += own
        elif unit.args.get("stateful"):
            carry = _carry(unit.name, node.outputs["state"], unit, taken)
            carry = replace(carry, kept=node.outputs["state"])
            node = replace(node, initial=(carry.given,))
            carried.append(carry)
        nodes.append(node)
    if not carried:
        return graph
    return replace(
        graph,
        nodes=tuple(nodes),
        inputs=(*graph.inputs, *(carry.given for carry in carried)),
        outputs=(*graph.outputs, *((carry.given.name, carry.kept) for carry in carried)),
        carried=tuple(carried),
    )


def _outside(carry: Carry, unit: Unit, taken: set[str]) -> Carry:
    """A state of a called model, as the model that calls it has it."""
    return _carry(f"{unit.name}/{carry.path}", carry.kept, unit, taken)


def _carry(path: str, like: Value, unit: Unit, taken: set[str]) -> Carry:
    base = f"{path.replace('/', '_')}_state"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return Carry(path, value_of(like.type, unit.span, name), value_of(like.type, unit.span, ""))


# ------------------------------------------------------------------------------------ what is wrong


def check(graph: Graph, sink: Sink) -> None:
    """Report what makes no sense where state is carried, in a model that is built on its own."""
    if not any(stateful(graph)):
        return
    _applied_once(graph, sink)
    for node, what, help in _cut_differently(graph):
        sink.report(codes.CUT_DIFFERENTLY(what=what), node.span, help=help)


def cut_alike(graph: Graph) -> bool:
    """Whether a model makes the same of a stream wherever it is cut into chunks."""
    return not any(_cut_differently(graph))


def _cut_differently(graph: Graph) -> Iterator[tuple[Node, str, str]]:
    """What depends on where a stream is cut: the node, why, and what may help."""
    seen = sights(graph)
    for name, value in graph.outputs:
        if isinstance(value.type, Tensor) and value.tensor.rank > 2:
            first = next(iter(seen[value].ahead.values()), None)
            if first is not None:
                shown = "the output" if name == "output" else f"`{name}`"
                what = f"`{first.unit.kind}` looks at later steps, which end with the batch"
                what += f": {shown} depends on where a stream is cut"
                yield first, what, "use a layer that looks back only, or leave `stateful` out"
    for node in _restarting(graph):
        what = f"`{node.unit.kind}` starts from zero in each batch, beside layers that carry state"
        yield node, what, "write `stateful=true` in it too, unless that is meant"
    for node in _windows(graph):
        what = (
            f"the windows of `{node.unit.kind}` begin with zeros in each batch, so what they give"
        )
        what += " depends on where a stream is cut"
        help = "let recurrent layers that carry their state look back, unless that is meant"
        yield node, what, help


def _windows(graph: Graph) -> Iterator[Node]:
    """Layers that look back at steps of a stream which the batch before ended with."""
    for node in graph.nodes:
        unit = node.unit
        if isinstance(unit, SubModel):
            yield from () if node.fold else _windows(unit.graph)
        elif unit.spec.reach(unit.args) and node.value.type.causal and not node.fold:
            yield node


def _applied_once(graph: Graph, sink: Sink) -> None:
    first: dict[Unit, Node] = {}
    for node in graph.nodes:
        unit = node.unit
        if isinstance(unit, SubModel):
            _applied_once(unit.graph, sink)
            carries = any(stateful(unit.graph))
        else:
            carries = unit.args.get("stateful", False)
        if carries and (unit in first or node.fold):
            why = "is applied twice" if unit in first else "is applied at each step"
            labels = (Label(first[unit].span, "first here"),) if unit in first else ()
            sink.report(
                codes.CARRIED_TWICE(layer=unit.name, why=why),
                node.span,
                labels=labels,
                help="write it out a second time to have two of them, or leave `stateful` out",
            )
        first.setdefault(unit, node)


def _restarting(graph: Graph) -> Iterator[Node]:
    """Recurrent layers over the steps of a stream that do not carry their state."""
    for node in graph.nodes:
        unit = node.unit
        if isinstance(unit, SubModel):
            yield from () if node.fold else _restarting(unit.graph)
        elif "sequence" in node.outputs and not node.fold and not unit.args.get("stateful"):
            yield from () if node.initial or unit.inner is not None else (node,)
