"""Slices: Keras's symbolic tensors take them as arrays do, no layer is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seqspec.backends.brackets import sliced
from seqspec.backends.python_text import Code, Expr

#: an expression of the operands
Form = Callable[[Mapping[str, Any], Sequence[Code]], Expr]


def _slice(args: Mapping[str, Any], operands: Sequence[Code]) -> Expr:
    return sliced(operands[0], args["index"])


FORMS: Mapping[str, Form] = {"slice": _slice}
