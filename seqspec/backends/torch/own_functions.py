"""Functions and classes that a program has of its own, each written if something calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function of ``model.py``, or a class, which stands in front of the models.

    ``uses`` is what it calls, of other such functions and of modules to import, as its code would.
    """

    name: str
    template: str
    uses: str = ""


#: in the order of the file
OWN_FUNCTIONS = (
    OwnFunction("scaled_normal_", "torch/functions/scaled_normal.j2"),
    OwnFunction("orthogonal_heads_", "torch/functions/orthogonal_heads.j2", "torch.empty("),
    OwnFunction("bent_relu", "torch/functions/bent_relu.j2", "torch.where("),
    OwnFunction("squareplus", "torch/functions/squareplus.j2", "torch.sqrt("),
    OwnFunction("sparse_plus", "torch/functions/sparse_plus.j2", "torch.where("),
    OwnFunction("pad_same", "torch/functions/pad_same.j2", "functional.pad("),
    OwnFunction("average_same", "torch/functions/average_same.j2", "pad_same(torch.ones_like("),
    OwnFunction("pad_same_2d", "torch/functions/pad_same_2d.j2", "functional.pad("),
    OwnFunction(
        "average_same_2d", "torch/functions/average_same_2d.j2", "pad_same_2d(torch.ones_like("
    ),
    OwnFunction("unseen", "torch/functions/unseen.j2"),
    OwnFunction("over_data", "torch/functions/over_data.j2"),
    OwnFunction("normalise", "torch/functions/normalise.j2", "torch.no_grad("),
)

_ATTENTION = "torch.empty(functional.scaled_dot_product_attention("
OWN_CLASSES = (
    OwnFunction("ScaledAttention", "torch/classes/scaled_attention.j2", _ATTENTION),
    OwnFunction("ConcatAttention", "torch/classes/concat_attention.j2", "torch.empty("),
    OwnFunction("AdditiveAttention", "torch/classes/additive_attention.j2", "torch.empty("),
    OwnFunction("MultiHeadAttention", "torch/classes/multi_head_attention.j2", "functional.("),
)

NAMES = tuple(function.name for function in (*OWN_FUNCTIONS, *OWN_CLASSES))


@dataclass(frozen=True, slots=True)
class Called:
    """The templates of what a program calls, and its lines with what those use."""

    classes: tuple[str, ...]
    functions: tuple[str, ...]
    text: str


def called(lines: Iterable[str]) -> Called:
    """The functions and classes that a program's lines call."""
    text = "\n".join(lines)
    found: list[OwnFunction] = []
    for function in (*OWN_CLASSES, *reversed(OWN_FUNCTIONS)):  # what calls others is behind them
        if re.search(rf"\b{function.name}\(", text):
            found.append(function)
            text += f"\n{function.uses}"
    classes = tuple(f.template for f in OWN_CLASSES if f in found)
    return Called(classes, tuple(f.template for f in OWN_FUNCTIONS if f in found), text)
