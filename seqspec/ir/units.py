"""Applying layers, models and chains of them, on whole values or step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir import masks
from seqspec.ir.apply import LayerOwner, apply_layer
from seqspec.ir.copies import around
from seqspec.ir.graph import Graph, Node, SubModel, Value
from seqspec.ir.items import FAILED, Failed, Flow, Unbuilt, UnbuiltChain, UnbuiltLayer, UnbuiltModel
from seqspec.ir.values import folded, value_of
from seqspec.shapes.dim import Dim, same_shape
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.types import State, Tensor, Type


class Owner(LayerOwner, Protocol):
    """The body in which units are applied; it also calls other models."""

    def call_model(
        self, model: ast.Model, settings: Mapping[str, Any], types: Mapping[str, Type], at: Span
    ) -> Graph | Failed: ...


def apply(
    unit: Unbuilt, operands: tuple[Flow, ...], at: Span, name: str, owner: Owner, fold: int = 0
) -> Flow | Failed:
    """Apply a layer, a model or a chain to operands; ``fold`` axes after the batch stay aside.

    ``name`` is what the result is being bound to.
    """
    for operand in operands:
        if operand.several:
            report_several(operand, at, owner.sink)
            return FAILED
    if isinstance(unit, UnbuiltChain):
        return _apply_chain(unit, operands, at, name, owner, fold)
    if isinstance(unit, UnbuiltModel):
        return _apply_model(unit, operands, at, name, owner, fold)
    if unit.spec.per_step:
        return _apply_per_step(unit, operands, at, name, owner, fold)
    if fold and unit.spec.in_models:
        what = f"`each` does not take `{unit.spec.name}` itself"
        help = "put it into a model of one step, and write each(…) with that model's name"
        owner.sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
        return FAILED
    return apply_layer(unit, operands, at, fold, name, owner)


def report_several(flow: Flow, at: Span, sink: Sink, name: str = "") -> None:
    """Say that one of several outputs has to be taken; ``name`` is what the flow is bound to."""
    assert flow.node is not None
    fields = " or ".join(f"`.{field}`" for field in flow.several)
    sink.report(
        codes.TWO_DIRECTIONS(layer=flow.node.unit.kind, argument=flow.because),
        at if name else flow.value.span,
        labels=(Label(flow.value.span, f"this gives {flow.value.type} twice"),) if name else (),
        help=f"take {fields} of it" if name else f"give it a name, and take {fields} of the name",
        fix=Fix(Span(at.end, at.end), f".{flow.several[0]}") if name else None,
    )


def _apply_chain(
    chain: UnbuiltChain, operands: tuple[Flow, ...], at: Span, name: str, owner: Owner, fold: int
) -> Flow | Failed:
    if len(operands) != 1:
        kind = chain.combinator or "a pipeline"
        finding = codes.WRONG_OPERANDS(layer=kind, wanted="one operand", given=str(len(operands)))
        owner.sink.report(finding, at, help="join them first: concat(a, b)")
        return FAILED
    again, chain.applied = chain.applied, True
    if chain.combinator and not again:
        _name_copies(chain, owner.unique(chain.name or chain.combinator))
    flow: Flow | Failed = operands[0]
    flows: list[Flow] = []
    for i, step in enumerate(chain.steps):
        last = i == len(chain.steps) - 1 and chain.joint is None
        # What is shared was written elsewhere; it is this use of it that may not fit.
        here = chain.call.start <= step.call.start < chain.call.end and not again
        place = step.call if here and not fold else at
        with owner.sink.within(around(chain, i, str(flow.value.type))):
            found = apply(step, (flow,), place, name if last else "", owner, fold)
        if isinstance(found, Failed):
            return FAILED
        flows.append(found)
        flow = operands[0] if chain.joint else found
    if chain.joint is None or len(flows) == 1:
        return flows[-1]
    return apply_layer(chain.joint, tuple(flows), at, fold, name, owner)


def _name_copies(chain: UnbuiltChain, base: str) -> None:
    """Calls copies ``chain.0``, ``chain.1`` and what is in them after them."""
    for number, step in enumerate(chain.steps):
        _name_copy(step, f"{base}.{number}")
    if chain.joint is not None:
        chain.joint.name = f"{base}_{chain.joint.spec.name}"


def _name_copy(unit: Unbuilt, name: str) -> None:
    if unit.name:
        return  # shared: it has the name it was bound to
    if isinstance(unit, UnbuiltChain) and not unit.combinator:
        for step in unit.steps:
            _name_copy(step, f"{name}.{kind_of(step)}")
    else:
        unit.name = name


def _apply_per_step(
    unit: UnbuiltLayer, operands: tuple[Flow, ...], at: Span, name: str, owner: Owner, fold: int
) -> Flow | Failed:
    assert unit.inner is not None
    type_ = operands[0].value.type
    axis = 1 + fold
    over = unit.args.get("over")
    if not isinstance(type_, Tensor) or type_.rank <= axis:
        owner.sink.report(
            codes.NOT_PER_STEP(axis="T" if over is None else over, actual=type_),
            at,
            labels=(Label(operands[0].value.span, f"this is {type_}"),),
            help="there is no axis of steps after the batch",
        )
        return FAILED
    if isinstance(over, Dim) and not over.agrees(type_.shape[axis]):
        owner.sink.report(
            codes.NOT_PER_STEP(axis=over, actual=type_),
            at,
            help=f"the axis kept aside is the one after the batch, {type_.shape[axis]}",
        )
        return FAILED
    inner = unit.inner
    if not inner.name and unit.name:
        inner.name = unit.name.removesuffix(f"_{unit.spec.name}")
        inner.name = within(inner.name, kind_of(inner)) if inner.name != unit.name else inner.name
    return apply(inner, operands, at, name, owner, fold + 1)


def _apply_model(
    unit: UnbuiltModel, operands: tuple[Flow, ...], at: Span, name: str, owner: Owner, fold: int
) -> Flow | Failed:
    ordered = _ordered(unit, operands, at, owner.sink)
    if isinstance(ordered, Failed):
        return FAILED
    types = {port: _one_step(flow.value.type, fold) for port, flow in ordered.items()}
    graph = owner.call_model(unit.declaration, unit.settings, types, at)
    if isinstance(graph, Failed):
        return FAILED
    if fold and graph.activity:
        what = "`each` cannot go over a model with an `activity_regularizer` in it"
        help = "what is a sample is not clear there: give it to a layer outside"
        owner.sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
        return FAILED
    first = next(iter(ordered.values())).value
    if unit.instance is None:
        unit.instance = SubModel(owner.unique(unit.name or kind_of(unit)), graph, unit.call)
    elif not _same_weights(unit.instance, graph, at, first, owner.sink):
        return FAILED
    flowing = {port: flow.value.mask for port, flow in ordered.items()}
    outputs: dict[str, Value] = {}
    for port, value in graph.outputs:
        type_ = value.type
        if fold and isinstance(type_, State):
            what = f"`each` cannot go over a model that gives a state (`{port}`)"
            help = "a state belongs to a whole sequence, not to one step of another one"
            owner.sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
            return FAILED
        if fold and isinstance(type_, Tensor):
            shape = (*first.tensor.shape[: 1 + fold], *type_.shape[1:])
            type_ = replace(type_, shape=shape, causal=True)
        mask = first.mask if fold else masks.seen_outside(value.mask, flowing)
        outputs[port] = value_of(type_, at, "" if outputs else name, mask)
    inputs = tuple(f.value for f in ordered.values())
    node = Node(unit.instance, inputs, outputs, next(iter(outputs)), at, (), fold)
    owner.add(node)
    return Flow(node.value, node, unit)


def _ordered(
    unit: UnbuiltModel, operands: tuple[Flow, ...], at: Span, sink: Sink
) -> dict[str, Flow] | Failed:
    """The operands of a model by port, in the header's order."""
    callee = unit.declaration.name.text
    ports = [p.name.text for p in unit.declaration.ports if p.type is not None]
    given: dict[str, Flow] = dict(unit.operands or {})
    free = [p for p in ports if p not in given]
    if len(operands) != len(free):
        wanted = f"{len(ports)} input{'s' if len(ports) != 1 else ''} ({', '.join(ports)})"
        others = ", ".join(f"{p}=…" for p in free[1:] or free)
        sink.report(
            codes.WRONG_OPERANDS(
                layer=callee, wanted=wanted, given=str(len(given) + len(operands))
            ),
            at,
            help=f"name the others in parentheses: {callee}({others})",
        )
        return FAILED
    given.update(zip(free, operands, strict=True))
    return {p: given[p] for p in ports}


def _one_step(type_: Type, fold: int) -> Type:
    """What a model is given: it has seen nothing yet."""
    return replace(folded(type_, fold) if isinstance(type_, Tensor) else type_, causal=True)


def _same_weights(known: SubModel, graph: Graph, at: Span, operand: Value, sink: Sink) -> bool:
    old = [w.shape for _, w in known.graph.all_weights()]
    new = [w.shape for _, w in graph.all_weights()]
    pairs = zip(known.graph.inputs, graph.inputs, strict=True)
    other = next((a for a, b in pairs if (a.mask is None) != (b.mask is None)), None)
    if other is None and all(same_shape(a, b) for a, b in zip(old, new, strict=True)):
        return True
    first, second = "inputs of another width", str(operand.type)
    if other is not None:
        both = ("a sequence with padding", "one without")
        second, first = both if other.mask is None else both[::-1]
    sink.report(
        codes.SHARED_WIDTH(layer=known.name, first=first, second=second),
        at,
        labels=(Label(known.span, "named here"),),
        help="shared weights have one shape; name the model a second time to have two of them",
    )
    return False


def kind_of(unit: Unbuilt) -> str:
    """What a unit is called when it has no name: ``lstm``; ``big_model`` for BigModel."""
    if isinstance(unit, UnbuiltLayer):
        return unit.spec.name
    if isinstance(unit, UnbuiltModel):
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unit.declaration.name.text).lower()
    return unit.combinator or "pipeline"


def within(name: str, kind: str) -> str:
    """What a unit is called inside the pipeline that a name is bound to: ``encoder_lstm``."""
    return kind if kind == name or kind.startswith(f"{name}_") else f"{name}_{kind}"
