"""Slices and arithmetic: Keras's symbolic tensors take them as arrays do, no layer is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seqspec.backends.brackets import sliced
from seqspec.backends.formulas import written
from seqspec.backends.python_text import Code, Expr

#: an expression of the operands
Form = Callable[[Mapping[str, Any], Sequence[Code]], Expr]


def _slice(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return sliced(operands[0], args["index"])


def _arithmetic(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return written(args["formula"], operands)


FORMS: Mapping[str, Form] = {"slice": _slice, "arithmetic": _arithmetic}
