"""Arithmetic as Python writes it, in both frameworks alike."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.backends.python_text import Code, Expr, Sum, literal
from seqspec.vocabulary.forms import Formula, Operand, Operation, Opposite

_RANKS = {"+": 1, "-": 1, "*": 2, "/": 2}
_SIGN = 3
_ATOM = 4


def written(formula: Formula, operands: Sequence[str]) -> Expr:
    """A formula over the expressions of its operands, with no parentheses but those it needs."""
    if not isinstance(formula, Operation):
        return Code(_text(formula, operands))
    rank = _RANKS[formula.operator]
    terms: list[Expr] = []
    signs: list[str] = []
    rest: Formula = formula
    while isinstance(rest, Operation) and _RANKS[rest.operator] == rank:
        terms.insert(0, Code(_inside(rest.right, operands, rank + 1)))
        signs.insert(0, rest.operator)
        rest = rest.left
    return Sum((Code(_inside(rest, operands, rank)), *terms), " ".join(signs))


def _text(formula: Formula, operands: Sequence[str]) -> str:
    match formula:
        case Operand(index):
            return operands[index]
        case Opposite(value):
            return f"-{_inside(value, operands, _SIGN)}"
        case Operation(operator, left, right):
            rank = _RANKS[operator]
            # Rounding depends on the order: what is grouped in the spec stays so.
            sides = _inside(left, operands, rank), _inside(right, operands, rank + 1)
            return f"{sides[0]} {operator} {sides[1]}"
        case _:
            return literal(formula)


def _inside(formula: Formula, operands: Sequence[str], least: int) -> str:
    """The text of a part, in parentheses if what is around it binds tighter."""
    text = _text(formula, operands)
    if isinstance(formula, Operation):
        own = _RANKS[formula.operator]
    else:
        own = _SIGN if text.startswith("-") else _ATOM
    return f"({text})" if own < least else text
