"""Functions that a program has of its own, each written if something calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function of ``model.py``.

    ``uses`` is what it calls, of other such functions and of modules to import, as its code would.
    """

    name: str
    template: str
    uses: str = ""


#: in the order of the file
OWN_FUNCTIONS = (
    OwnFunction("scaled_normal_", "torch/functions/scaled_normal.j2"),
    OwnFunction("bent_relu", "torch/functions/bent_relu.j2", "torch.where("),
    OwnFunction("squareplus", "torch/functions/squareplus.j2", "torch.sqrt("),
    OwnFunction("sparse_plus", "torch/functions/sparse_plus.j2", "torch.where("),
    OwnFunction("pad_same", "torch/functions/pad_same.j2", "functional.pad("),
    OwnFunction("average_same", "torch/functions/average_same.j2", "pad_same(torch.ones_like("),
    OwnFunction("pad_same_2d", "torch/functions/pad_same_2d.j2", "functional.pad("),
    OwnFunction(
        "average_same_2d", "torch/functions/average_same_2d.j2", "pad_same_2d(torch.ones_like("
    ),
    OwnFunction("over_data", "torch/functions/over_data.j2"),
    OwnFunction("normalise", "torch/functions/normalise.j2", "torch.no_grad("),
)

NAMES = tuple(function.name for function in OWN_FUNCTIONS)


def called(lines: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The templates of the functions that a program calls, and its lines with what those use."""
    text = "\n".join(lines)
    found: list[str] = []
    for function in reversed(OWN_FUNCTIONS):  # those that call others stand behind them
        if re.search(rf"\b{function.name}\(", text):
            found.append(function.template)
            text += f"\n{function.uses}"
    return tuple(reversed(found)), text
