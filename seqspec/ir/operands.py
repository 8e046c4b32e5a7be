"""Which arguments of a call are data and which are settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from seqspec.ir.items import FAILED, Failed, Flow, Half, Item, Learnt
from seqspec.ir.scope import Scope
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.spec import Port


class Reader(Protocol):
    """Evaluates expressions, and reports those that are no values."""

    def evaluate(self, expr: ast.Expr, name: str) -> Item: ...
    def as_flow(self, item: Item, at: Span) -> Flow | Failed: ...


def split(
    call: ast.Call,
    ports: Sequence[str],
    scope: Scope,
    models: Mapping[str, ast.Model],
    reader: Reader,
    piped: int = 0,
) -> tuple[Mapping[str, Flow], list[ast.Argument]] | Failed:
    """The operands among the arguments, by port name or position, and the other arguments.

    ``piped`` operands flow in besides: positions begin behind them.
    """
    operands: dict[str, Flow] = {}
    rest: list[ast.Argument] = []
    failed = False
    for argument in call.arguments:
        named = argument.name is not None and argument.name.text in ports
        positional = argument.name is None and may_flow(argument.value, scope, models)
        if not named and not positional:
            rest.append(argument)
            continue
        item = reader.evaluate(argument.value, "")
        if isinstance(item, Flow):
            free = [p for p in ports if p not in operands][piped:]
            place = free[0] if free else f"#{len(operands)}"
            operands[place if argument.name is None else argument.name.text] = item
        elif isinstance(item, Failed | Half | Learnt) or named:
            reader.as_flow(item, argument.value.span)
            failed = True
        else:
            rest.append(argument)
    return FAILED if failed else (operands, rest)


def placed(
    ports: Sequence[Port], piped: Sequence[Flow], named: Mapping[str, Flow]
) -> tuple[Flow, ...]:
    """The operands of a layer in the order of its ports, those that others stand in for with them.

    Too many or too few stay so: whoever counts them has something to say.
    """
    if ports[0].variadic:
        return (*piped, *named.values())
    free = [port.name for port in ports if port.name not in named]
    given = {**named, **dict(zip(free, piped, strict=False))}
    for port in ports:
        if port.name not in given and port.stands_in in given:
            given[port.name] = given[port.stands_in]
    known = {port.name for port in ports}
    ordered = [given[port.name] for port in ports if port.name in given]
    return (*ordered, *(f for n, f in named.items() if n not in known), *piped[len(free) :])


def may_flow(expr: ast.Expr, scope: Scope, models: Mapping[str, ast.Model]) -> bool:
    """Whether a positional argument looks like data rather than like a setting."""
    if isinstance(expr, ast.Name):
        bound = scope.bindings.get(expr.text)
        return bound is not None and isinstance(bound.item, Flow | Half | Learnt | Failed)
    if isinstance(expr, ast.Pipe):
        return may_flow(expr.steps[0], scope, models)
    if isinstance(expr, ast.Field | ast.Index):
        return may_flow(expr.owner, scope, models)
    if isinstance(expr, ast.Binary):
        return any(may_flow(side, scope, models) for side in (expr.left, expr.right))
    if isinstance(expr, ast.Negative):
        return may_flow(expr.value, scope, models)
    if isinstance(expr, ast.Call):
        name = expr.name.text
        known = name in LAYERS or name in models or name in scope.bindings
        return known and any(may_flow(a.value, scope, models) for a in expr.arguments)
    return False
