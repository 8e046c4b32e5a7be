"""Slices and arithmetic: plain expressions, as PyTorch has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.backends.brackets import sliced
from seqspec.backends.formulas import written
from seqspec.backends.python_text import Expr
from seqspec.backends.torch.lowering import Applied, Lowering, module, nothing, parameter
from seqspec.backends.torch.parts import Part
from seqspec.vocabulary.spec import OwnedWeight


def _slice_expression(applied: Applied) -> Expr:
    return sliced(applied.operands[0], applied.args["index"])


def _arithmetic_expression(applied: Applied) -> Expr:
    return written(applied.args["formula"], applied.operands)


def _own_weight(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    return tuple(parameter(name, key, weight) for key, weight in weights.items())


FORMS: Mapping[str, Lowering] = {
    "slice": Lowering(nothing, _slice_expression),
    "arithmetic": Lowering(nothing, _arithmetic_expression, stepwise=True),
    "weight": Lowering(_own_weight, module),
}
