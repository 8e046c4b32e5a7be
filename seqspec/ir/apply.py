"""Applying a layer: operands against ports, the shape rule, weights, state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir import masks, states, values
from seqspec.ir.graph import Layer, Node, Unit, Value
from seqspec.ir.items import FAILED, Failed, Flow, UnbuiltLayer
from seqspec.ir.operands import placed
from seqspec.shapes import pattern
from seqspec.shapes.dim import Dim, same_shape, show
from seqspec.source import SourceFile, Span
from seqspec.types import Role, Tensor, Type
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.rules import unfit_setting
from seqspec.vocabulary.spec import (
    Applied,
    LayerSpec,
    OwnedWeight,
    Port,
    Problem,
    Site,
)


class LayerOwner(Protocol):
    """The body in which layers are applied: it names them and keeps the nodes."""

    @property
    def sink(self) -> Sink: ...
    @property
    def source(self) -> SourceFile: ...
    def unique(self, base: str) -> str: ...
    def add(self, node: Node) -> None: ...


def apply_layer(
    layer: UnbuiltLayer,
    operands: tuple[Flow, ...],
    at: Span,
    fold: int,
    name: str,
    owner: LayerOwner,
) -> Flow | Failed:
    """The node that a layer makes of its operands; reports and fails where it does not fit.

    ``fold`` axes after the batch are kept aside; ``name`` is what the result is bound to.
    """
    operands = placed(layer.spec.inputs, operands, layer.operands)
    types = _tensors(layer, operands, at, owner.sink)
    if isinstance(types, Failed):
        return FAILED
    kept = types[0].shape[: 1 + fold] if types else ()
    merged = tuple(values.folded(t, fold) for t in types)
    applied = _infer(layer, merged, operands, at, owner, fold)
    if isinstance(applied, Failed):
        return FAILED
    if not _in_place(layer, applied, at, owner, fold):
        return FAILED
    unit = _instance(layer, applied.weights, operands, at, owner)
    if isinstance(unit, Failed):
        return FAILED
    masking = Masking.KEEPS if fold else applied.masking or layer.spec.masking  # steps stand aside
    mask, lost = masks.through(masking, [o.value for o in operands])
    outputs = values.values_of(applied, kept, at, name, fold, types, mask)
    node = Node(
        unit,
        tuple(o.value for o in operands),
        outputs,
        applied.passes_on,
        at,
        tuple(i.value for i in layer.initial),
        fold,
        lost,
    )
    owner.add(node)
    several, because = applied.several, applied.because
    return Flow(node.value, node, layer, operands[0], several, because)


def _in_place(
    layer: UnbuiltLayer, applied: Applied, at: Span, owner: LayerOwner, fold: int
) -> bool:
    """Whether a layer may be inside `each` if it is, and starts from a state of its kind."""
    name = layer.spec.name
    cell = layer.inner if isinstance(layer.inner, UnbuiltLayer) else layer
    if fold and cell.args.get("activity_regularizer") is not None:
        what = f"`{name}` inside `each` cannot have `activity_regularizer`"
        place = cell.place("activity_regularizer", at)
        help = "what is a sample is not clear there: give it to a layer outside"
        owner.sink.report(codes.FORBIDDEN_VALUE(what=what), place, help=help)
        return False
    if applied.several and fold:
        what = f"`{name}` inside `each` gives one value, not two (`{applied.because}`)"
        owner.sink.report(
            codes.FORBIDDEN_VALUE(what=what), at, help="merge them, such as by concat"
        )
        return False
    if layer.initial and fold:
        what = f"`{name}` inside `each` starts anew at every step"
        help = "apply it to the whole sequence, or leave `initial` out"
        place = layer.place("initial", at)
        owner.sink.report(codes.FORBIDDEN_VALUE(what=what), place, help=help)
        return False
    if cell.args.get("stateful") and (fold or layer.initial):
        why = "inside `each` starts anew at every step" if fold else "starts from `initial`"
        what = f"`{name}` {why}, so it cannot begin where the batch before ended (`stateful`)"
        help = "leave out one of them"
        if not fold:
            help += "; what is known of a series can flow in at each step, such as by concat(x, "
            help += "repeat(…))"
        place = cell.place("stateful", at)
        owner.sink.report(codes.FORBIDDEN_VALUE(what=what), place, help=help)
        return False
    if not layer.initial:
        return True
    place = layer.place("initial", at)
    start = states.Start(layer.initial, place, owner.source.excerpt(place))
    return states.check(name, applied, start, owner.sink)


_NUMBERS = ("none", "one", "two", "three")


def _tensors(
    layer: UnbuiltLayer, operands: tuple[Flow, ...], at: Span, sink: Sink
) -> tuple[Tensor, ...] | Failed:
    spec = layer.spec
    variadic = spec.inputs[0].variadic
    least = spec.inputs[0].least
    if (variadic and len(operands) < least) or (not variadic and len(operands) != len(spec.inputs)):
        several = variadic or len(spec.inputs) > 1
        fewest = sum(not port.stands_in for port in spec.inputs)
        exactly = "two operands" if several else "one operand"
        if fewest < len(spec.inputs):
            exactly = f"{_NUMBERS[fewest]} to {_NUMBERS[len(spec.inputs)]} operands"
        wanted = "two or more operands" if variadic else exactly
        sink.report(
            codes.WRONG_OPERANDS(layer=spec.name, wanted=wanted, given=str(len(operands))),
            at,
            help=f"write {spec.name}(a, b)" if several else f"write x -> {spec.name}",
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
                labels=(_origin(operand, f"this gives {operand.value.type}"),),
                help="what a layer gives is `.last` or `.sequence`; a state goes into `initial=`",
            )
            return FAILED
        types.append(operand.value.type)
    return tuple(types)


def told(type_: Type) -> str:
    """A type with what its numbers mean to a loss, where that is known."""
    meaning = type_.role.value if isinstance(type_, Tensor) and type_.role is not Role.PLAIN else ""
    return f"{type_}, {meaning}" if meaning else str(type_)


def _infer(
    layer: UnbuiltLayer,
    types: tuple[Tensor, ...],
    operands: tuple[Flow, ...],
    at: Span,
    owner: LayerOwner,
    fold: int,
) -> Applied | Failed:
    spec = layer.spec
    sink = owner.sink
    sizes: dict[str, Dim] = {}
    rest: tuple[Dim, ...] = ()
    for index, type_ in enumerate(types):
        port = spec.inputs[0] if spec.inputs[0].variadic else spec.inputs[index]
        if port.kind not in ("any", type_.kind):
            _report_kind(spec, port, operands[index], at, sink)
            return FAILED
        bound = pattern.bind(port.pattern, type_.shape)
        if bound is None:
            _report_rank(spec, port, operands[index], at, sink, fold)
            return FAILED
        sizes.update(bound.sizes)
        rest = bound.rest
    inner: Applied | None = None
    if isinstance(layer.inner, UnbuiltLayer):
        found = _infer(layer.inner, types, operands, at, owner, fold)
        if isinstance(found, Failed):
            return FAILED
        inner = found
    # Whether it looks ahead itself: what its operands have seen is followed along the data.
    types = tuple(replace(type_, causal=True) for type_ in types)
    site = Site(spec, layer.args, types, sizes, rest, inner)
    result = unfit_setting(site) or spec.rule(site)
    if isinstance(result, Problem):
        _report_problem(result, layer, operands, at, owner)
        return FAILED
    return result


def _report_problem(
    problem: Problem,
    layer: UnbuiltLayer,
    operands: tuple[Flow, ...],
    at: Span,
    owner: LayerOwner,
) -> None:
    labels: tuple[Label, ...] = ()
    fix: Fix | None = None
    if problem.operand is not None:
        blamed = operands[problem.operand].value
        labels = (_origin(operands[problem.operand], f"this is {told(blamed.type)}"),)
        between = Span(blamed.span.end, at.start)
        if problem.needless and owner.source.excerpt(between).strip() == "->":
            fix = Fix(Span(between.start, at.end), "")
    place = layer.place(problem.argument, at)
    owner.sink.report(problem.finding, place, labels=labels, help=problem.help, fix=fix)


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
    if missing and fold:
        help = f"`each` keeps {type_.shape[1]} aside; to run over it, leave `each` out"
        fix = None
    sink.report(
        code(layer=spec.name, needed=needed, actual=show(type_.shape)),
        at,
        here=f"needs {wanted}",
        labels=(_origin(operand, f"this is {show(type_.shape)}"),),
        help=help,
        fix=fix,
    )


def _rank_advice(
    spec: LayerSpec, port: Port, type_: Tensor, operand: Flow, missing: bool
) -> tuple[str, Fix | None]:
    culprit = _lost_axis(operand) if missing else None
    if culprit is not None and culprit.spec.missing_axis is not None:
        argument, value, why = culprit.spec.missing_axis
        fix = _add_argument(culprit, argument, value)
        return f"`{culprit.spec.name}` {why}; write `{argument}={value}` in it", fix
    if culprit is not None:
        return f"`{culprit.spec.name}` takes the axis away; apply `{spec.name}` before it", None
    fields = operand.node.outputs.items() if missing and operand.node is not None else ()
    longer_ones = [f"`.{n}`" for n, v in fields if _rank(v) > type_.rank]
    if longer_ones:
        return "take " + " or ".join(longer_ones) + " of it, which has the axis", None
    if missing and operand.node is None:
        longer = show((*type_.shape, Dim.of(1)))
        return (
            f"if it is one feature at each of {type_.shape[-1]} steps, declare float{longer}; "
            "if it is one vector for all steps, write `repeat(...)` before",
            None,
        )
    if not missing and type_.rank == 3 and len(port.pattern.split()) == 2:
        return (
            f"it has a time axis already: leave out `{spec.name}`, "
            "or let one step flow in (`.last` of a recurrent layer)",
            None,
        )
    if not missing:
        return f"to apply it to every step on its own, write each({spec.name}(...))", None
    return "", None


def _lost_axis(operand: Flow) -> UnbuiltLayer | None:
    """The layer before ``operand`` that gives fewer axes than it gets, if all else keeps them."""
    flow = operand
    while flow.node is not None and flow.node.inputs:
        layer = flow.made_by
        if not isinstance(layer, UnbuiltLayer) or not isinstance(flow.value.type, Tensor):
            return None
        if flow.before is None:
            return None  # a field: the user chose this output
        if flow.node.inputs[0].tensor.rank > flow.value.tensor.rank:
            return layer.inner if isinstance(layer.inner, UnbuiltLayer) else layer
        flow = flow.before
    return None


def _rank(value: Value) -> int:
    return value.type.rank if isinstance(value.type, Tensor) else 0


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


def _report_kind(spec: LayerSpec, port: Port, operand: Flow, at: Span, sink: Sink) -> None:
    type_ = operand.value.tensor
    needed = "numbers" if port.kind == "float" else "tokens"
    help = (
        f"tokens become vectors first: `embedding(...) -> {spec.name}`"
        if type_.kind == "token"
        else f"ids are declared with how many there are: token(1000){show(type_.shape)}"
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
    owner: LayerOwner,
) -> Unit | Failed:
    known, type_ = layer.instance, operands[0].value.tensor
    if known is None:
        layer.instance = _build(layer, weights, owner.unique(layer.name or layer.spec.name))
        layer.first_use, layer.rank = at, type_.rank
        return layer.instance
    pairs = zip(known.weights, weights, strict=True)
    changed = next((old for old, new in pairs if not same_shape(old.shape, new.shape)), None)
    if changed is not None:
        first = f"what makes its {changed.name} {show(changed.shape)}"
    elif layer.spec.one_rank and layer.rank != type_.rank:
        first = f"operands of {layer.rank} axes"
    else:
        return known
    assert layer.first_use is not None
    owner.sink.report(
        codes.SHARED_WIDTH(layer=known.name, first=first, second=str(type_)),
        at,
        labels=(Label(layer.first_use, "first used here"),),
        help="what is shared has one shape; write the layer out a second time to have two of them",
    )
    return FAILED


def _build(layer: UnbuiltLayer, weights: tuple[OwnedWeight, ...], name: str) -> Layer:
    inner = None
    if isinstance(layer.inner, UnbuiltLayer):
        inner = _build(layer.inner, (), layer.inner.spec.name)
    args: Mapping[str, object] = {
        k: v for k, v in layer.args.items() if k not in ("initial", "layer")
    }
    return Layer(name, layer.spec, args, weights, layer.call, inner)
