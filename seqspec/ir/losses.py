"""``loss =`` and ``metrics =`` as written: an expression over the outputs, before any is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.arguments import Binder
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.targets import WrittenTarget, read_operand
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.vocabulary.spec import Kind, Setting, one_of

_LOSS = one_of("loss", "a loss, such as mse")
_METRIC = Kind("a metric, such as accuracy", lambda _: True, category="metric")


@dataclass(frozen=True, slots=True)
class WrittenTerm:
    """A loss or a metric as written. ``output`` is None where it does not say of which.

    ``target`` is the second operand; ``weight`` counts only for losses.
    """

    setting: Setting
    span: Span
    output: ast.Identifier | None = None
    target: WrittenTarget | None = None
    weight: float = 1.0


class LossReader:
    """Reads the expressions of one train section; ``outputs`` are those its model declares."""

    def __init__(
        self,
        source: SourceFile,
        sink: Sink,
        binder: Binder,
        constants: Constants,
        known: Callable[[], Mapping[str, object]],
        outputs: Collection[str],
    ) -> None:
        self._source = source
        self._sink = sink
        self._binder = binder
        self._constants = constants
        self._known = known
        self._outputs = outputs

    def metrics(self, expr: ast.Expr) -> tuple[WrittenTerm, ...] | Failed:
        """A list of metrics, each of one output or of all."""
        items = expr.items if isinstance(expr, ast.List) else (expr,)
        read = [self._term(_METRIC, item, "metrics") for item in items]
        found = tuple(term for term in read if not isinstance(term, Failed))
        return found if len(found) == len(read) else FAILED

    def loss(self, expr: ast.Expr, weight: float = 1.0) -> tuple[WrittenTerm, ...] | Failed:
        """The terms of a sum, with the numbers they are multiplied by."""
        if not isinstance(expr, ast.Binary):
            term = self._term(_LOSS, expr, "loss")
            return FAILED if isinstance(term, Failed) else (replace(term, weight=weight),)
        if expr.operator == "+":
            left, right = self.loss(expr.left, weight), self.loss(expr.right, weight)
            if isinstance(left, Failed) or isinstance(right, Failed):
                return FAILED
            return (*left, *right)
        return self._weighed(expr, weight)

    def _weighed(self, expr: ast.Binary, weight: float) -> tuple[WrittenTerm, ...] | Failed:
        left, right = self._is_number(expr.left), self._is_number(expr.right)
        if expr.operator == "-" or left == right or (left and expr.operator == "/"):
            self._sink.report(
                codes.FORBIDDEN_VALUE(what="losses are added up, each multiplied by a number"),
                expr.span,
                help="such as mse(low) + 0.3 * mse(high)",
            )
            return FAILED
        number, rest = (expr.left, expr.right) if left else (expr.right, expr.left)
        value = self._constants.evaluate(number, self._known())
        if value is FAILED:
            return FAILED
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            written = self._source.excerpt(number.span)
            what = f"the weight of a loss is a number above zero, not `{written}`"
            self._sink.report(codes.FORBIDDEN_VALUE(what=what), number.span)
            return FAILED
        product = weight * value if expr.operator == "*" else weight / value
        return self.loss(rest, float(f"{product:.12g}"))  # 0.1 * 3 is 0.3

    def _is_number(self, expr: ast.Expr) -> bool:
        if isinstance(expr, ast.Binary):
            return self._is_number(expr.left) and self._is_number(expr.right)
        if isinstance(expr, ast.Name):
            return expr.text in self._known()
        return isinstance(expr, ast.Number | ast.Negative)

    def _term(self, kind: Kind, expr: ast.Expr, argument: str) -> WrittenTerm | Failed:
        operands: list[ast.Expr] = []
        if isinstance(expr, ast.Call):
            most = 2 if kind is _LOSS else 1
            for given in expr.arguments[:most]:
                if given.name is not None or not self._is_operand(given.value):
                    break
                operands.append(given.value)
            rest = expr.arguments[len(operands) :]
            setting = self._binder.setting(kind, replace(expr, arguments=rest), "train", argument)
        else:
            setting = self._binder.setting(kind, expr, "train", argument)
        if isinstance(setting, Failed):
            return FAILED
        if not operands:
            return WrittenTerm(setting, expr.span)
        first = operands[0]
        if not isinstance(first, ast.Name):
            self._sink.report(
                codes.FORBIDDEN_VALUE(what=f"the first operand of `{setting.name}` is an output"),
                first.span,
                help=f"such as {setting.name}(low, target.harvest)",
            )
            return FAILED
        target = read_operand(operands[1], self._binder, self._sink) if operands[1:] else None
        if isinstance(target, Failed):
            return FAILED
        return WrittenTerm(setting, expr.span, ast.Identifier(first.span, first.text), target)

    def _is_operand(self, expr: ast.Expr) -> bool:
        """Whether an argument is a value to compute with, not a number of the loss itself."""
        if isinstance(expr, ast.Name):
            return expr.text in self._outputs or expr.text not in self._known()
        return isinstance(expr, ast.Field | ast.List | ast.Call)
