"""Slices, arithmetic, one-hot: Keras's symbolic tensors take them, no layer is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seqspec.backends.brackets import sliced
from seqspec.backends.formulas import written
from seqspec.backends.python_text import Code, Expr, call

#: an expression of the operands; among the arguments is the type of the result
Form = Callable[[Mapping[str, Any], Sequence[Code]], Expr]


def _slice(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return sliced(operands[0], args["index"])


def _arithmetic(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return written(args["formula"], operands)


def _one_hot(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return call("ops.one_hot", operands[0], args["result"].shape[-1].value)


FORMS: Mapping[str, Form] = {"slice": _slice, "arithmetic": _arithmetic, "one_hot": _one_hot}
