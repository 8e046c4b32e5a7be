"""Arithmetic on values: an expression over what flows, as one application."""

from __future__ import annotations

from collections.abc import Callable

from seqspec.diagnostics import codes
from seqspec.ir.items import FAILED, Failed, Flow, Item, Learnt, UnbuiltLayer, describe
from seqspec.ir.scope import Scope
from seqspec.ir.units import Owner, apply
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary.forms import ARITHMETIC, Formula, Operand, Operation, Opposite

Evaluate = Callable[[ast.Expr, str], Item]
Arithmetic = ast.Binary | ast.Negative

#: what the value of an expression is called if the spec gives it no name
_RESULTS = {"+": "total", "-": "difference", "*": "product", "/": "ratio", "": "opposite"}


def involves_data(expr: ast.Expr, scope: Scope) -> bool:
    """Whether an expression speaks of what flows, or of layers, and not of numbers alone."""
    if isinstance(expr, ast.Binary):
        return involves_data(expr.left, scope) or involves_data(expr.right, scope)
    if isinstance(expr, ast.Negative):
        return involves_data(expr.value, scope)
    if isinstance(expr, ast.Name):
        bound = scope.bindings.get(expr.text)
        return bound is not None and not isinstance(bound.item, int | float | str | Dim)
    if isinstance(expr, ast.Call):
        return ast.rounded_up(expr) is None
    return isinstance(expr, ast.Pipe | ast.Field | ast.Index)


class Reader:
    """Reads one expression: the values in it, each once, and the formula over them."""

    def __init__(self, scope: Scope, evaluate: Evaluate, owner: Owner) -> None:
        self._scope = scope
        self._evaluate = evaluate
        self._owner = owner
        self._flows: list[Flow] = []
        self._weights: list[Flow] = []
        self._places: list[Span] = []

    def apply(self, expr: Arithmetic, name: str) -> Flow | Failed:
        """The value of an expression, bound to ``name``."""
        formula = self._formula(expr)
        if isinstance(formula, Failed):
            return FAILED
        if not self._flows:
            finding = codes.NOT_A_VALUE(what="what is made of weights alone", direction="from")
            help = "let a value take part: x * gain"
            self._owner.sink.report(finding, expr.span, help=help)
            return FAILED
        kind = ARITHMETIC.name
        arguments = tuple(
            ast.Argument(span, ast.Identifier(span, str(place)), ast.Number(span, 0))
            for place, span in enumerate(self._places)
        )
        written = ast.Call(expr.span, ast.Identifier(expr.span, kind), arguments)
        layer = UnbuiltLayer(ARITHMETIC, {"formula": formula}, expr.span, written)
        operator = expr.operator if isinstance(expr, ast.Binary) else ""
        layer.name = f"{name}_{kind}" if name else _RESULTS[operator]
        operands = (*self._flows, *reversed(self._weights))
        return apply(layer, operands, expr.span, name, self._owner)

    def _formula(self, expr: ast.Expr) -> Formula | Failed:
        if isinstance(expr, Arithmetic) and involves_data(expr, self._scope):
            return self._negative(expr) if isinstance(expr, ast.Negative) else self._binary(expr)
        item = self._evaluate(expr, "")
        if isinstance(item, Flow):
            return self._operand(item)
        if isinstance(item, Learnt) and item.value is not None:
            return self._weight(Flow(item.value))
        if isinstance(item, Dim) and (item.unknown or item.value is not None):
            return item.value or 1
        if isinstance(item, int | float) and not isinstance(item, bool):
            return item
        if not isinstance(item, Failed):
            self._refuse(item, expr)
        return FAILED

    def _operand(self, flow: Flow) -> Operand:
        for index, known in enumerate(self._flows):
            if known.value is flow.value:
                return Operand(index)
        self._flows.append(flow)
        return Operand(len(self._flows) - 1)

    def _weight(self, flow: Flow) -> Operand:
        for index, known in enumerate(self._weights):
            if known.value is flow.value:
                return Operand(-1 - index)
        self._weights.append(flow)
        return Operand(-len(self._weights))

    def _negative(self, expr: ast.Negative) -> Formula | Failed:
        value = self._formula(expr.value)
        return FAILED if isinstance(value, Failed) else Opposite(value)

    def _binary(self, expr: ast.Binary) -> Formula | Failed:
        left, right = self._formula(expr.left), self._formula(expr.right)
        if isinstance(left, Failed) or isinstance(right, Failed):
            return FAILED
        if expr.operator == "/" and right == 0:
            self._owner.sink.report(
                codes.FORBIDDEN_VALUE(what="nothing can be divided by 0"), expr.right.span
            )
            return FAILED
        self._places.append(expr.span)
        return Operation(expr.operator, left, right, len(self._places) - 1)

    def _refuse(self, item: Item, expr: ast.Expr) -> None:
        text = self._owner.source.excerpt(expr.span)
        help = "operands are values and numbers that are known before any data"
        if isinstance(item, Learnt):
            help = "a layer's weight is used by another layer: dense(…, kernel=…)"
        elif not isinstance(item, Dim | str | bool):
            help = f"let something flow into it first: `(… -> {text})`"
        self._owner.sink.report(
            codes.NOT_A_VALUE(what=describe(item), direction="from"), expr.span, help=help
        )
