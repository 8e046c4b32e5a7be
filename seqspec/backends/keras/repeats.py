"""Layers that repeat a vector for a number of steps known only when data arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seqspec.backends.python_text import definition
from seqspec.shapes.dim import Dim, Factor


@dataclass(frozen=True, slots=True)
class Repeat:
    """A layer that repeats a vector for a number of steps known only when data arrives."""

    name: str
    dim: str
    vector: str
    sources: str
    steps: str

    @property
    def key(self) -> str:
        return f"{self.sources}: {self.steps}"

    def numbered(self, earlier: int) -> Repeat:
        return replace(self, name="RepeatSteps" + (str(earlier + 1) if earlier else ""))

    @property
    def signature(self) -> list[str]:
        """The lines that begin the layer's ``call``."""
        tensors = [self.vector, *self.sources.split(", ")]
        parameters = ["self", *(f"{name}: keras.KerasTensor" for name in tensors)]
        return definition("call", parameters, "Any", indent=4)


def polynomial(dim: Dim, sizes: Mapping[str, str]) -> str:
    """A size as an expression over the expressions of its symbols."""
    text = ""
    for monomial, coefficient in dim.terms:
        magnitude = abs(coefficient)
        number = [str(magnitude)] if magnitude != 1 or not monomial else []
        sign = " - " if coefficient < 0 else " + "
        text += sign + " * ".join([*number, *(_factor(f, sizes) for f in monomial)])
    return text.removeprefix(" + ").strip()


def _factor(factor: Factor, sizes: Mapping[str, str]) -> str:
    if isinstance(factor, str):
        return sizes[factor]
    # Python rounds down; what is taken from below rounds up.
    return f"-(-({polynomial(factor.of, sizes)}) // {factor.by})"
