"""Numbers and sizes that are known before any data: params, settings, dimension arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.items import FAILED, Constant, Failed, Flow, Word
from seqspec.shapes.dim import Dim
from seqspec.source import SourceFile
from seqspec.syntax import ast

Look = Callable[[str], object]


class Constants:
    """Evaluates constant expressions. ``look`` finds a name: a constant, or None if unknown."""

    def __init__(self, source: SourceFile, sink: Sink, look: Look) -> None:
        self._source = source
        self._sink = sink
        self._look = look

    def evaluate(self, expr: ast.Expr, known: Mapping[str, object]) -> Constant | Failed:
        """The constant that an expression stands for; reports and fails if it is none.

        ``known`` holds the names that may be suggested. A bare name that nothing is called stays
        a word: whoever asked knows which words are meant.
        """
        if isinstance(expr, ast.Number | ast.Text | ast.Bool):
            return expr.value
        if isinstance(expr, ast.Name):
            return self._name(expr)
        if isinstance(expr, ast.Negative):
            value = self.evaluate(expr.value, known)
            return self._arithmetic(ast.Number(expr.span, 0), "-", 0, value, expr, known)
        if isinstance(expr, ast.Binary):
            left = self.evaluate(expr.left, known)
            right = self.evaluate(expr.right, known)
            return self._arithmetic(expr.left, expr.operator, left, right, expr, known)
        quotient = ast.rounded_up(expr)
        if quotient is not None:
            return self._ceil(quotient, expr, known)
        return self._refuse(expr)

    def _ceil(
        self, quotient: ast.Binary, expr: ast.Expr, known: Mapping[str, object]
    ) -> Constant | Failed:
        """``ceil(a / b)``: a quotient rounded up, of a size by a number above zero."""
        size, by = (self.evaluate(side, known) for side in (quotient.left, quotient.right))
        # Words, texts and failures are as in any other arithmetic.
        checked = self._arithmetic(quotient.left, "-", size, by, quotient, known)
        if checked is FAILED:
            return FAILED
        if not isinstance(size, int | Dim) or not isinstance(by, int | Dim):
            return self._refuse(expr)
        divisor = Dim.of(by).value
        if divisor is None or divisor < 1:
            return self._refuse(quotient.right)
        rounded = Dim.of(size).ceil(divisor)
        return rounded if rounded.value is None else rounded.value

    def _name(self, expr: ast.Name) -> Constant | Failed:
        found = self._look(expr.text)
        if found is FAILED:
            return FAILED
        if isinstance(found, int | float | str | Dim | Word):
            return found
        if isinstance(found, Flow):
            return self._refuse(expr)
        return Word(expr.text)

    def _arithmetic(
        self,
        left_expr: ast.Expr,
        operator: str,
        left: Constant | Failed,
        right: Constant | Failed,
        expr: ast.Binary | ast.Negative,
        known: Mapping[str, object],
    ) -> Constant | Failed:
        right_expr = expr.right if isinstance(expr, ast.Binary) else expr.value
        for value, place in ((left, left_expr), (right, right_expr)):
            if value is FAILED:
                return FAILED
            if isinstance(value, Word):
                numbers = [n for n, v in known.items() if isinstance(v, int | float | Dim)]
                self._sink.report(
                    codes.UNKNOWN_NAME(name=value.text),
                    place.span,
                    help=did_you_mean(value.text, numbers),
                )
                return FAILED
            if isinstance(value, str | bool):
                return self._refuse(place)
        return self._compute(operator, left, right, expr)

    def _compute(
        self, operator: str, left: object, right: object, expr: ast.Expr
    ) -> Constant | Failed:
        if isinstance(left, Dim) or isinstance(right, Dim):
            if isinstance(left, float) or isinstance(right, float):
                return self._refuse(expr)
            a, b = Dim.of(left), Dim.of(right)  # type: ignore[arg-type]
            if operator in "+-*":
                return a + b if operator == "+" else a - b if operator == "-" else a * b
            quotient = a.divided(b) if b.value or b.unknown else None
            return self._refuse(expr) if quotient is None else quotient
        assert isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        if operator == "*":
            return left * right
        if right == 0:
            return self._refuse(expr)
        if isinstance(left, int) and isinstance(right, int) and left % right == 0:
            return left // right
        return left / right

    def _refuse(self, expr: ast.Expr) -> Failed:
        self._sink.report(
            codes.NOT_A_NUMBER(what=f"`{self._source.excerpt(expr.span)}`"),
            expr.span,
            help="sizes and settings are known before any data: numbers, params, dimensions",
        )
        return FAILED
