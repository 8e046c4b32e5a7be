"""Applying a layer: operands against ports, the shape rule, weights, state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Code, Fix, Label, Sink
from seqspec.ir import states
from seqspec.ir.graph import Layer, Node, Unit, Value
from seqspec.ir.items import FAILED, Failed, Flow, UnbuiltLayer
from seqspec.shapes import pattern
from seqspec.shapes.dim import Dim, product, same_shape, show
from seqspec.source import Span
from seqspec.types import State, Tensor, Type
from seqspec.vocabulary.spec import Applied, LayerSpec, OwnedWeight, Port, Problem, Site


class Owner(Protocol):
    """The body in which layers are applied: it names them and keeps the nodes."""

    @property
    def sink(self) -> Sink: ...
    def unique(self, base: str) -> str: ...
    def add(self, node: Node) -> None: ...


def apply_layer(
    layer: UnbuiltLayer, operands: tuple[Flow, ...], at: Span, fold: int, name: str, owner: Owner
) -> Flow | Failed:
    """The node that a layer makes of its operands; reports and fails where it does not fit.

    ``fold`` axes after the batch are kept aside; ``name`` is what the result is bound to.
    """
    spec = layer.spec
    sink = owner.sink
    types = _tensors(layer, operands, at, sink)
    if isinstance(types, Failed):
        return FAILED
    kept = types[0].shape[: 1 + fold] if types else ()
    merged = tuple(folded(t, fold) for t in types)
    applied = _infer(layer, merged, operands, at, sink, fold)
    if isinstance(applied, Failed):
        return FAILED
    if layer.initial and not states.check(spec.name, applied, layer.initial, at, sink):
        return FAILED
    unit = _instance(layer, applied.weights, operands, at, owner)
    if isinstance(unit, Failed):
        return FAILED
    outputs = _values(applied, kept, at, name, fold, types)
    node = Node(
        unit,
        tuple(o.value for o in operands),
        outputs,
        applied.passes_on,
        at,
        tuple(i.value for i in layer.initial),
        fold,
    )
    owner.add(node)
    return Flow(node.value, node, layer)


def _tensors(
    layer: UnbuiltLayer, operands: tuple[Flow, ...], at: Span, sink: Sink
) -> tuple[Tensor, ...] | Failed:
    spec = layer.spec
    variadic = spec.inputs[0].variadic
    if (variadic and len(operands) < 2) or (not variadic and len(operands) != len(spec.inputs)):
        wanted = "two or more operands" if variadic else "one operand"
        sink.report(
            codes.WRONG_OPERANDS(layer=spec.name, wanted=wanted, given=str(len(operands))),
            at,
            help=f"write {spec.name}(a, b)" if variadic else f"write x -> {spec.name}",
        )
        return FAILED
    types: list[Tensor] = []
    for operand in operands:
        if not isinstance(operand.value.type, Tensor):
            sink.report(
                codes.WRONG_KIND(
                    layer=spec.name, needed="a tensor", actual=f"a {operand.value.type}"
                ),
                at,
                help="a state goes into `initial=`; its tensors are fields such as `.state.h`",
            )
            return FAILED
        types.append(operand.value.type)
    return tuple(types)


def folded(type_: Tensor, fold: int) -> Tensor:
    """A type with the axes that are kept aside merged into the batch."""
    if not fold:
        return type_
    shape = (product(type_.shape[: 1 + fold]), *type_.shape[1 + fold :])
    return Tensor(type_.kind, shape, type_.bound, type_.role, type_.causal)


def _infer(
    layer: UnbuiltLayer,
    types: tuple[Tensor, ...],
    operands: tuple[Flow, ...],
    at: Span,
    sink: Sink,
    fold: int,
) -> Applied | Failed:
    spec = layer.spec
    sizes: dict[str, Dim] = {}
    rest: tuple[Dim, ...] = ()
    for index, type_ in enumerate(types):
        port = spec.inputs[0] if spec.inputs[0].variadic else spec.inputs[index]
        bound = pattern.bind(port.pattern, type_.shape)
        if bound is None:
            _report_rank(spec, port, operands[index], at, sink, fold)
            return FAILED
        if port.kind not in ("any", type_.kind):
            _report_kind(spec, port, type_, operands[index], at, sink)
            return FAILED
        sizes.update(bound.sizes)
        rest = bound.rest
    inner: Applied | None = None
    if isinstance(layer.inner, UnbuiltLayer):
        found = _infer(layer.inner, types, operands, at, sink, fold)
        if isinstance(found, Failed):
            return FAILED
        inner = found
    result = spec.rule(Site(spec, layer.args, types, sizes, rest, inner))
    if isinstance(result, Problem):
        _report_problem(result, layer, operands, at, sink)
        return FAILED
    return result


def _report_problem(
    problem: Problem, layer: UnbuiltLayer, operands: tuple[Flow, ...], at: Span, sink: Sink
) -> None:
    code: Code = getattr(codes, problem.code)
    labels: tuple[Label, ...] = ()
    if problem.operand is not None:
        blamed = operands[problem.operand].value
        labels = (_origin(operands[problem.operand], f"this is {blamed.type}"),)
    sink.report(code(**problem.slots), at, labels=labels, help=problem.help)


def _origin(flow: Flow, text: str) -> Label:
    return Label(flow.value.span, text)


def _report_rank(
    spec: LayerSpec, port: Port, operand: Flow, at: Span, sink: Sink, fold: int
) -> None:
    type_ = operand.value.tensor
    wanted = pattern.show(port.pattern)
    needed = f"{port.meaning} {wanted}" if port.meaning else wanted
    if fold:
        needed += f" at each step of {type_.shape[1]}"
    missing = type_.rank - fold < len(port.pattern.replace("...", "").split())
    code = codes.MISSING_AXIS if missing else codes.EXTRA_AXIS
    help, fix = _rank_advice(spec, port, type_, operand, missing)
    sink.report(
        code(layer=spec.name, needed=needed, actual=show(type_.shape)),
        at,
        labels=(_origin(operand, f"this is {show(type_.shape)}"),),
        help=help,
        fix=fix,
    )


def _rank_advice(
    spec: LayerSpec, port: Port, type_: Tensor, operand: Flow, missing: bool
) -> tuple[str, Fix | None]:
    source = operand.made_by
    if missing and isinstance(source, UnbuiltLayer):
        told = source.inner if isinstance(source.inner, UnbuiltLayer) else source
        if told.spec.missing_axis is not None:
            argument, value, why = told.spec.missing_axis
            fix = _add_argument(told, argument, value)
            return f"`{told.spec.name}` {why}; write `{argument}={value}` in it", fix
    if missing and operand.node is None and type_.kind == "float":
        longer = show((*type_.shape, Dim.of(1)))
        return f"if there is one feature for each step, declare it as float{longer}", None
    if missing and type_.kind == "token":
        return "tokens become vectors with `embedding(...)`", None
    if not missing and type_.rank == 3 and len(port.pattern.split()) == 2:
        return f"this has a time axis already; take one vector of it, or omit `{spec.name}`", None
    if not missing:
        return f"to apply it to every step on its own, write each({spec.name}(...))", None
    return "", None


def _add_argument(layer: UnbuiltLayer, argument: str, value: str) -> Fix | None:
    """The edit that adds an argument to a layer as it is written."""
    if layer.written is None:
        return Fix(Span(layer.call.end, layer.call.end), f"({argument}={value})")
    for given in layer.written.arguments:
        if given.name is not None and given.name.text == argument:
            return Fix(given.span, f"{argument}={value}")
    end = layer.written.span.end - 1
    comma = ", " if layer.written.arguments else ""
    return Fix(Span(end, end), f"{comma}{argument}={value}")


def _report_kind(
    spec: LayerSpec, port: Port, type_: Tensor, operand: Flow, at: Span, sink: Sink
) -> None:
    needed = "numbers" if port.kind == "float" else "tokens"
    help = (
        "tokens become vectors with `embedding(...)`"
        if type_.kind == "token"
        else "ids are declared as token(n)[...] in the header"
    )
    sink.report(
        codes.WRONG_KIND(layer=spec.name, needed=needed, actual=str(type_)),
        at,
        labels=(_origin(operand, f"this is {type_}"),),
        help=help,
    )


def _instance(
    layer: UnbuiltLayer,
    weights: tuple[OwnedWeight, ...],
    operands: tuple[Flow, ...],
    at: Span,
    owner: Owner,
) -> Unit | Failed:
    known = layer.instance
    if known is None:
        layer.instance = _build(layer, weights, owner.unique(layer.name or layer.spec.name))
        layer.first_use = at
        return layer.instance
    for old, new in zip(known.weights, weights, strict=True):
        if not same_shape(old.shape, new.shape):
            assert layer.first_use is not None
            owner.sink.report(
                codes.SHARED_WIDTH(
                    layer=known.name,
                    first=f"what makes its {old.name} {show(old.shape)}",
                    second=str(operands[0].value.type),
                ),
                at,
                labels=(Label(layer.first_use, "first used here"),),
                help="shared weights have one shape; write the layer out a second time "
                "to have two of them",
            )
            return FAILED
    return known


def _build(layer: UnbuiltLayer, weights: tuple[OwnedWeight, ...], name: str) -> Layer:
    inner = None
    if isinstance(layer.inner, UnbuiltLayer):
        inner = _build(layer.inner, (), layer.inner.spec.name)
    args: Mapping[str, object] = {
        k: v for k, v in layer.args.items() if k not in ("initial", "layer")
    }
    return Layer(name, layer.spec, args, weights, layer.call, inner)


def _values(
    applied: Applied,
    kept: tuple[Dim, ...],
    at: Span,
    name: str,
    fold: int,
    types: tuple[Tensor, ...],
) -> dict[str, Value]:
    """One value per output; what a fold kept aside is put back."""

    def unfold(type_: Type) -> Type:
        if not fold or isinstance(type_, State):
            return type_
        shape = (*kept, *type_.shape[1:])
        # Each step is on its own, so no step knows more than its own operand did.
        return Tensor(type_.kind, shape, type_.bound, type_.role, types[0].causal)

    outputs: dict[str, Value] = {}
    for output, type_ in applied.outputs.items():
        if fold and output != applied.passes_on:
            continue
        outputs[output] = value_of(unfold(type_), at, name if output == applied.passes_on else "")
    return outputs


def value_of(type_: Type, at: Span, name: str) -> Value:
    """A value with one value per tensor if it is a state."""
    if isinstance(type_, Tensor):
        return Value(type_, at, name)
    parts = tuple(
        Value(Tensor("float", shape, causal=type_.causal), at) for _, shape in type_.parts
    )
    return Value(type_, at, name, parts)
