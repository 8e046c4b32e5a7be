"""What ``inputs =`` says: the columns of a model's only input, or what feeds each of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir.arguments import Binder
from seqspec.ir.items import FAILED, Failed
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary.spec import NAMES, Arg


@dataclass(frozen=True, slots=True)
class Columns:
    """What feeds one input; ``ahead`` tells columns taken from the steps after a window."""

    names: tuple[str, ...]
    ahead: bool
    span: Span


Feeding = Mapping[str, Columns]
_COLUMNS = Arg("inputs", NAMES)


def read_inputs(expr: ast.Expr, binder: Binder, sink: Sink) -> tuple[str, ...] | Feeding | Failed:
    """The names in a list, or the inputs that ``feed(…)`` names with what feeds each."""
    if not isinstance(expr, ast.Call):
        names: tuple[str, ...] | Failed = binder.value("data", _COLUMNS, expr)
        return names
    if expr.name.text != "feed":
        found = nearest(expr.name.text, ("feed",))
        sink.report(
            codes.BAD_ARGUMENT(
                callee="data",
                argument="inputs",
                expected="a list of columns, or feed(…)",
                actual=f"`{expr.name.text}(…)`",
            ),
            expr.span,
            help=f"did you mean `{found}`?" if found else "feed(input=[column, …], …)",
        )
        return FAILED
    feeding: dict[str, Columns] = {}
    for argument in expr.arguments:
        if argument.name is None:
            sink.report(
                codes.FORBIDDEN_VALUE(what="`feed` takes what feeds an input behind its name"),
                argument.span,
                help="write input=[column, …]",
            )
            return FAILED
        columns = _columns(argument.value, binder, sink)
        if isinstance(columns, Failed):
            return FAILED
        if argument.name.text in feeding:
            again = codes.REPEATED_ARGUMENT(callee="feed", argument=argument.name.text)
            sink.report(again, argument.span)
            return FAILED
        feeding[argument.name.text] = Columns(columns.names, columns.ahead, argument.name.span)
    return feeding


def _columns(expr: ast.Expr, binder: Binder, sink: Sink) -> Columns | Failed:
    ahead = isinstance(expr, ast.Call) and expr.name.text == "ahead"
    if isinstance(expr, ast.Call):
        given = expr.arguments
        if not ahead or len(given) != 1 or given[0].name is not None:
            what = "an input is fed by columns, or by columns of the steps after: ahead([…])"
            sink.report(codes.FORBIDDEN_VALUE(what=what), expr.span)
            return FAILED
        expr = given[0].value
    names: tuple[str, ...] | Failed = binder.value("data", _COLUMNS, expr)
    if isinstance(names, Failed):
        return FAILED
    return Columns(names, ahead, expr.span)
