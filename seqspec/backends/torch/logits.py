"""Where a model ends in softmax or sigmoid: the loss is computed on what comes before."""

from __future__ import annotations

from dataclasses import replace

from seqspec.backends.torch.layers import ACTIVATED
from seqspec.ir.graph import Graph, Layer
from seqspec.vocabulary.spec import Setting


def logits_activation(graph: Graph) -> str:
    """The softmax or sigmoid that the only output ends in; empty if it ends otherwise."""
    if len(graph.outputs) != 1 or not graph.nodes:
        return ""
    node, output = graph.nodes[-1], graph.outputs[0][1]
    if node.value is not output or not isinstance(node.unit, Layer):
        return ""
    if node.unit.kind not in ACTIVATED and len(graph.nodes) == 1:
        return ""
    if any(output in (*n.inputs, *n.initial) for n in graph.nodes):
        return ""
    unit = node.unit
    if unit.activity is not None:
        return ""  # what the activation gives costs something
    if unit.kind == "softmax":
        return "softmax"
    setting = unit.args.get("activation" if unit.kind in ACTIVATED else "function")
    name = setting.name if isinstance(setting, Setting) else ""
    return name if name in ("softmax", "sigmoid") else ""


def without_activation(graph: Graph) -> Graph:
    """The graph up to its last node, if that is nothing but the activation."""
    node = graph.nodes[-1]
    if node.unit.kind in ACTIVATED:
        return graph
    outputs = ((graph.outputs[0][0], node.inputs[0]),)
    return replace(graph, nodes=graph.nodes[:-1], outputs=outputs)
