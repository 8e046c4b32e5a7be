"""Weights as values: those that a model declares, and those of its layers by their names."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir import header
from seqspec.ir.graph import Layer, Node, Value
from seqspec.ir.items import FAILED, Failed, Flow, Item, Learnt, UnbuiltLayer, describe
from seqspec.ir.units import Owner
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.types import Tensor
from seqspec.vocabulary.forms import WEIGHT
from seqspec.vocabulary.initializers import INITIALIZER
from seqspec.vocabulary.spec import OwnedWeight, Setting, Tie


def declare(port: ast.Port, place: header.Place, owner: Owner) -> Learnt | Failed:
    """A weight of the model's own: ``gain: float[F] = ones()``."""
    name = port.name.text
    if port.type is None or port.default is None:
        what = "type" if port.type is None else "beginning"
        help = f"such as `weight {name}: float[8] = zeros()`"
        _refuse(f"the weight `{name}` has no {what}", port.span, help, owner.sink)
        return FAILED
    type_ = header.read_type(port.type, place)
    start = place.binder.setting(INITIALIZER, port.default, "weight", name)
    if isinstance(type_, Failed) or isinstance(start, Failed):
        return FAILED
    if not isinstance(type_, Tensor) or type_.kind != "float" or not type_.shape:
        help = "a weight is numbers of some shape, such as float[8], without a batch"
        _refuse(f"a weight cannot be {type_}", port.type.span, help, owner.sink)
        return FAILED
    if type_.rank < start.entry.facts.get("axes", 0):
        what = f"`{start.name}` fills matrices, but `{name}` is {type_}"
        _refuse(what, port.default.span, "zeros() or ones() fill anything", owner.sink)
        return FAILED
    return _node(name, type_, start, port, owner)


def _node(name: str, type_: Tensor, start: Setting, port: ast.Port, owner: Owner) -> Learnt:
    trained = start.args.get("trainable", True)
    weight = OwnedWeight(WEIGHT.weights[0].name, type_.shape, start, trained)
    args = {"shape": type_.shape, "initializer": start}
    layer = Layer(owner.unique(name), WEIGHT, args, (weight,), port.span)
    value = Value(type_, port.span, name)
    owner.add(Node(layer, (), {"output": value}, "output", port.span))
    return Learnt(layer, weight, value)


def of_layer(item: Item, field: ast.Identifier, name: str, sink: Sink) -> Learnt | Failed | None:
    """The weight of a layer by its name; None if it has none of that name."""
    if field.text not in names(item):
        return None
    layer = item.instance if isinstance(item, UnbuiltLayer) else _maker(item)
    if layer is None:
        what = f"`{name}` has no weights before something flows into it"
        _refuse(what, field.span, f"apply it above: `x -> {name}`", sink)
        return FAILED
    found = next((w for w in layer.weights if w.name == field.text), None)
    if found is None:
        what = f"the {field.text} of `{name}` is a weight of another layer itself"
        _refuse(what, field.span, "use that layer's name", sink)
        return FAILED
    return Learnt(layer, found)


def names(item: Item) -> list[str]:
    """The weights of a layer, or of the layer that made a value, that others may use."""
    layer = item if isinstance(item, UnbuiltLayer) else _maker(item)
    return [w.name for w in layer.spec.weights if w.tied] if layer is not None else []


def _maker(item: Item) -> Layer | None:
    unit = item.node.unit if isinstance(item, Flow) and item.node is not None else None
    return unit if isinstance(unit, Layer) else None


def tie(item: Item, expr: ast.Expr, transposed: bool, sink: Sink) -> Tie | Failed:
    """A weight as an argument of another layer."""
    if isinstance(item, Failed):
        return FAILED
    if isinstance(item, Learnt) and len(item.weight.shape) == 2:
        shape = item.weight.shape[::-1] if transposed else item.weight.shape
        return Tie(item.owner, item.weight.name, shape, transposed)
    help = "such as code.kernel of `code = dense(8)`, or words.embeddings"
    if names(item) and isinstance(expr, ast.Name):
        help = f"write `{expr.text}.{names(item)[0]}`"
    _refuse(f"a kernel is a matrix of weights, not {describe(item)}", expr.span, help, sink)
    return FAILED


def transposed(expr: ast.Expr) -> ast.Expr | None:
    """What stands in ``transpose(…)``."""
    if isinstance(expr, ast.Call) and expr.name.text == "transpose" and len(expr.arguments) == 1:
        (argument,) = expr.arguments
        return argument.value if argument.name is None else None
    return None


def _refuse(what: str, at: Span, help: str, sink: Sink) -> None:
    sink.report(codes.BAD_TIE(what=what), at, help=help)
