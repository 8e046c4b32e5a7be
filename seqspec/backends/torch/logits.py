"""Outputs before their last activation: what the loss is exact with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from seqspec.backends.python_text import Call, Code, Expr, Names, statement
from seqspec.backends.torch.body import INDENT
from seqspec.backends.torch.layers import ACTIVATED
from seqspec.ir.graph import Graph, Layer, Value
from seqspec.ir.task import Task
from seqspec.vocabulary.spec import Setting


def split_outputs(task: Task, graph: Graph) -> dict[str, str]:
    """The outputs whose loss is exact before their last activation, with that."""
    outputs = dict(graph.outputs)
    ends = {
        term.output: logits_activation(graph, outputs[term.output])
        for term in task.terms
        if not term.from_logits and term.loss.name.endswith("crossentropy")
    }
    return {output: activation for output, activation in ends.items() if activation}


def logits_activation(graph: Graph, output: Value) -> str:
    """The softmax or sigmoid that an output ends in and nothing else sees; empty if otherwise."""
    node = next((n for n in graph.nodes if n.value is output), None)
    if node is None or not isinstance(node.unit, Layer):
        return ""
    if node.unit.kind not in ACTIVATED and node.inputs[0] in graph.inputs:
        return ""
    if any(output in (*n.inputs, *n.initial) for n in graph.nodes):
        return ""
    if [value for _, value in graph.outputs].count(output) > 1:
        return ""
    unit = node.unit
    if unit.activity is not None:
        return ""  # what the activation gives costs something
    if unit.kind == "softmax":
        return "softmax"
    setting = unit.args.get("activation" if unit.kind in ACTIVATED else "function")
    name = setting.name if isinstance(setting, Setting) else ""
    return name if name in ("softmax", "sigmoid") else ""


def activated(activation: str, value: Expr) -> Call:
    """The activation of a value."""
    if activation == "softmax":
        return Call("torch.softmax", (value,), (("dim", -1),))
    return Call("torch.sigmoid", (value,))


def without_activations(graph: Graph, ends: Collection[Value]) -> Graph:
    """The graph without the nodes that are nothing but the activations of these outputs."""
    gone = {n.value: n for n in graph.nodes if n.value in ends and n.unit.kind not in ACTIVATED}
    if not gone:
        return graph
    nodes = tuple(node for node in graph.nodes if node.value not in gone)
    outputs = tuple(
        (name, gone[value].inputs[0] if value in gone else value) for name, value in graph.outputs
    )
    return replace(graph, nodes=nodes, outputs=outputs)


def head(
    split: Mapping[str, str],
    parameters: Sequence[str],
    outputs: Sequence[tuple[str, str]],
    state: str,
) -> tuple[str, ...]:
    """The body of a method that applies the last activations to what ``logits()`` gives.

    ``split`` maps outputs to activations, ``outputs`` has all of them with their shapes. ``state``
    is what both methods take and give besides, empty if there is none.
    """
    given = [*parameters, state] if state else parameters
    inside: Expr = Call("self.logits", tuple(Code(p) for p in given))
    after, several = "", len(outputs) > 1
    lines: list[str] = []
    if state or several:
        name = "outputs" if several else "logits"
        target = f"{name}, {state}" if state else name
        lines = statement(f"{target} = ", inside, indent=INDENT)
        inside, after = Code(name), f", {state}" if state else ""
    if not several:
        ((_, activation),) = split.items()
        call = activated(activation, inside)
        return (*lines, *statement("return ", call, after, indent=INDENT, note=outputs[0][1]))
    names = Names({"count", "index"})
    fields = {name: names.fresh(name) for name, _ in outputs}
    changed = tuple(
        (fields[name], activated(activation, Code(f"outputs.{fields[name]}")))
        for name, activation in split.items()
    )
    lines += statement("return ", Call("outputs._replace", (), changed), after, indent=INDENT)
    return tuple(lines)
