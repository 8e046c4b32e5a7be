"""A model's header against its body and its callers: inputs bound, outputs held to the promise."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label
from seqspec.ir import header, masks
from seqspec.ir.body import Body
from seqspec.ir.graph import Value
from seqspec.ir.items import FAILED, Failed, Flow
from seqspec.ir.scope import Binding
from seqspec.ir.values import value_of
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.types import State, Tensor, Type

Outputs = tuple[tuple[str, Value], ...]


def bind_inputs(
    model: ast.Model, types: Mapping[str, Type] | None, at: Span, body: Body
) -> tuple[Value, ...] | Failed:
    """Bind the inputs in the body's scope.

    ``types`` are what a caller at ``at`` gives; None if the model stands for itself, so its
    symbols are sizes of their own.
    """
    declared = _declared(model, body)
    if isinstance(declared, Failed) or not declared:
        return FAILED
    if types is not None and not _unified(model, declared, types, at, body):
        return FAILED
    values: list[Value] = []
    for port, type_ in declared:
        name = port.name.text
        known = body.scope.bindings.get(name)
        if known is not None:
            labels = (Label(known.span, "first declared here"),)
            body.sink.report(codes.DUPLICATE(name=name), port.name.span, labels=labels)
            return FAILED
        assert port.type is not None
        value = _input(name, type_ if types is None else types[name], port.type.span, types)
        values.append(value)
        if isinstance(value.mask, masks.ByLengths):
            lengths = _lengths(value, value.mask.lengths)
            if any(other.name.text == lengths.name for other, _ in declared):
                body.sink.report(
                    codes.DUPLICATE(name=lengths.name),
                    port.type.span,
                    help="`pad=lengths` adds an input of that name; call one of them otherwise",
                )
                return FAILED
            values.append(lengths)
        body.scope.bindings[name] = Binding(Flow(value), port.name.span)
    return tuple(values)


def _input(name: str, type_: Type, at: Span, given: Mapping[str, Type] | None) -> Value:
    """An input; a caller says which of its steps are padding, or else its own type does."""
    if isinstance(type_, State):
        return value_of(type_, at, name)
    if given is None:
        return Value(type_, at, name, mask=masks.declared(name, type_))
    return Value(type_, at, name, mask=None if type_.pad is None else masks.Given(name))


def _lengths(padded: Value, name: str) -> Value:
    """The input beside a padded one that says how many steps of each sample are data."""
    batch, steps, *_ = padded.tensor.shape
    return Value(Tensor("token", (batch,), steps + 1), padded.span, name)


def _declared(model: ast.Model, body: Body) -> list[tuple[ast.Port, Type]] | Failed:
    declared: list[tuple[ast.Port, Type]] = []
    for port in model.ports:
        if port.type is None:
            continue
        if port.default is not None:
            what = f"the input `{port.name.text}` has a default"
            help = "inputs are always given; leave out the default, or the type if it is a setting"
            body.sink.report(codes.FORBIDDEN_VALUE(what=what), port.default.span, help=help)
            return FAILED
        type_ = header.read_type(port.type, body.place)
        if isinstance(type_, Failed):
            return FAILED
        if not header.check_batch(port.name.text, type_, port.span, body.sink):
            return FAILED
        declared.append((port, type_))
    if not declared:
        what = f"`{model.name.text}` has no input"
        help = "a header declares at least one typed input, such as x: float[B, T, 4]"
        body.sink.report(codes.BAD_TYPE(what=what), model.header, help=help)
    return declared


def _unified(
    model: ast.Model,
    declared: list[tuple[ast.Port, Type]],
    types: Mapping[str, Type],
    at: Span,
    body: Body,
) -> bool:
    """Find what the header's symbols stand for in this call; reports what does not fit."""
    sizes: dict[str, Dim] = {}
    for port, type_ in declared:
        header.unify(header.shapes(type_), header.shapes(types[port.name.text]), sizes)
    body.scope.dims.update(sizes)
    for port, type_ in declared:
        actual = types[port.name.text]
        if not header.fits(header.substitute(type_, sizes), actual):
            body.sink.report(
                codes.WRONG_PORT(
                    port=port.name.text, model=model.name.text, declared=type_, actual=actual
                ),
                at,
                here=f"receives {actual}",
                labels=(Label(port.type.span if port.type else port.span, "declared here"),),
                help=header.disagreement(type_, actual) or "change the header, or what flows in",
            )
            return False
    return True


def bind_outputs(model: ast.Model, body: Body) -> Outputs | Failed:
    """What the body gives, held to what the header promises."""
    if isinstance(model.returns, tuple):
        return _named(model, model.returns, body)
    if len(body.results) > 1:
        if any(isinstance(flow, Failed) for _, flow in body.results):
            return FAILED  # two statements where one was meant, such as a forgotten arrow
        first, second = body.results[0][0], body.results[1][0]
        body.sink.report(
            codes.TWO_RESULTS(model=model.name.text),
            second,
            labels=(Label(first, "the first result"),),
            help="give one of them a name",
        )
        return FAILED
    if not body.results:
        last = list(body.scope.bindings)[-1]
        help = f"end the body with what it gives, such as `{last}`"
        body.sink.report(codes.NO_RESULT(model=model.name.text), model.name.span, help=help)
        return FAILED
    at, flow = body.results[0]
    if isinstance(flow, Failed):
        return FAILED
    if model.returns is not None and not _promised(model, model.returns, flow, at, body):
        return FAILED
    return (("output", flow.value),)


def _named(model: ast.Model, ports: tuple[ast.Port, ...], body: Body) -> Outputs | Failed:
    if body.results:
        names = ", ".join(f"{p.name.text} = …" for p in ports)
        help = f"the header names the outputs; bind them: {names}"
        body.sink.report(codes.TWO_RESULTS(model=model.name.text), body.results[0][0], help=help)
        return FAILED
    outputs: list[tuple[str, Value]] = []
    for port in ports:
        name = port.name.text
        bound = body.scope.bindings.get(name)
        if bound is None:
            help = f"bind `{name} = …` in the body"
            body.sink.report(codes.NO_RESULT(model=model.name.text), port.span, help=help)
            return FAILED
        bound.used = True
        if isinstance(bound.item, Failed):
            return FAILED
        if not isinstance(bound.item, Flow):
            finding = codes.NOT_A_VALUE(what=f"`{name}`", direction="out of")
            body.sink.report(finding, bound.span, help="an output is a value, not a layer")
            return FAILED
        flow = bound.item
        if port.type is not None and not _promised(model, port.type, flow, bound.span, body):
            return FAILED
        outputs.append((name, flow.value))
    return tuple(outputs)


def _promised(model: ast.Model, written: ast.TypeExpr, flow: Flow, at: Span, body: Body) -> bool:
    # What is known is put in as the type is read; the symbols it is made of stand for themselves.
    sizes = {s: Dim.of(s) for dim in body.scope.dims.values() for s in dim.symbols}
    promised = header.read_type(written, body.place)
    if isinstance(promised, Failed):
        return False
    header.unify(header.shapes(promised), header.shapes(flow.value.type), sizes)
    promised = header.substitute(promised, sizes)
    if header.fits(promised, flow.value.type):
        return True
    made = flow.value.span
    # The last step of a pipeline is what one would edit; a name was made somewhere else.
    inside = at.start <= made.start and made.end <= at.end
    body.sink.report(
        codes.WRONG_OUTPUT(model=model.name.text, promised=promised, actual=flow.value.type),
        made if inside else at,
        here=f"gives {flow.value.type}",
        labels=(Label(written.span, "promised here"),),
        help=header.disagreement(promised, flow.value.type)
        or "change the last layer, or the promise in the header",
    )
    return False
