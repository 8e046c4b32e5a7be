"""What losses and metrics compare, as the functions that write them see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Code, Expr, literal

Args = Mapping[str, Any]
#: Assignments; the last one is to ``loss``, or to ``values``.
Lines = list[tuple[str, Expr]]

#: Probabilities that do not come straight from logits are kept off 0 and 1, as Keras does.
CLAMP = "clamp(1e-7, 1 - 1e-7)"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a loss compares: the prediction, whether yes is above zero (logits), and its rank.

    ``target`` is the name of what it is compared with, ``weight`` of what its entries are
    multiplied by and ``kept`` of the mask of those that count, if there are such; where several
    outputs have a loss, ``prefix`` keeps their variables apart.
    """

    name: str
    logits: bool
    rank: int
    target: str = "target"
    prefix: str = ""
    weight: str = ""
    kept: str = ""

    @property
    def rows(self) -> str:
        """Every step a row: [N, classes]."""
        return self.name if self.rank == 2 else f"{self.name}.flatten(0, -2)"

    @property
    def result(self) -> str:
        return f"{self.prefix}loss"

    def own(self, variable: str) -> str:
        """The name of a variable of this output."""
        return f"{self.prefix}{variable}"


def spread(right: str, logs: str, share: float) -> str:
    """A loss of class ids that are smoothed: of ``right``, and of the mean over all classes."""
    return f"{literal(round(1 - share, 12))} * {right} - {literal(share)} * {logs}"


def smoothed(p: Prediction, args: Args, classes: str) -> tuple[Lines, str]:
    """The line that smooths the target, if it is smoothed, and what the loss compares with."""
    share = args["label_smoothing"]
    if not share:
        return [], p.target
    smooth = f"{p.target} + {literal(share)} * (1 / {classes} - {p.target})"
    return [("smooth", Code(smooth))], p.own("smooth")
