"""Sizes that only data tells, as expressions over what is read off the inputs."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.shapes.dim import Dim, Factor


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
