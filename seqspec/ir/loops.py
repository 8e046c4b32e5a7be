"""What ``loop``, ``start`` and ``stop`` of a section say, before any model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Failed
from seqspec.source import Span
from seqspec.syntax import ast


@dataclass(frozen=True, slots=True)
class Loop:
    """The input that is fed back, and the output that feeds it: empty for the only one."""

    input: str
    output: str
    span: Span


@dataclass(frozen=True, slots=True)
class Token:
    """A token as written: its id, or its text, which a vocabulary has to know."""

    value: int | str
    span: Span


def read_loop(expr: ast.Expr, sink: Sink) -> Loop | Failed:
    """``input``, or ``output -> input``."""
    steps = expr.steps if isinstance(expr, ast.Pipe) else (expr,)
    names = [step.text for step in steps if isinstance(step, ast.Name)]
    if len(names) == len(steps) <= 2:
        return Loop(names[-1], names[0] if len(names) == 2 else "", expr.span)
    what = "what is fed back is an input, or an output and an input"
    sink.report(codes.FORBIDDEN_VALUE(what=what), expr.span, help="such as `loop = text`")
    return FAILED


def read_token(
    expr: ast.Expr, constants: Constants, known: Mapping[str, object], sink: Sink
) -> Token | Failed:
    """A number, or a quoted token."""
    if isinstance(expr, ast.Text):
        return Token(expr.value, expr.span)
    value = constants.evaluate(expr, known)
    if isinstance(value, Failed):
        return FAILED
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Token(value, expr.span)
    what = "a token is the number of its id, or stands in quotes"
    sink.report(codes.FORBIDDEN_VALUE(what=what), expr.span)
    return FAILED
