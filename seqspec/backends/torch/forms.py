"""Slices and arithmetic: plain expressions, as PyTorch has them."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.backends.brackets import sliced
from seqspec.backends.formulas import written
from seqspec.backends.python_text import Expr
from seqspec.backends.torch.lowering import Applied, Lowering, nothing


def _slice_expression(applied: Applied) -> Expr:
    return sliced(applied.operands[0], applied.args["index"])


def _arithmetic_expression(applied: Applied) -> Expr:
    return written(applied.args["formula"], applied.operands)


FORMS: Mapping[str, Lowering] = {
    "slice": Lowering(nothing, _slice_expression),
    "arithmetic": Lowering(nothing, _arithmetic_expression, stepwise=True),
}
