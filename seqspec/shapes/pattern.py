"""Shape patterns: ``"B T F"``, ``"... units"``, ``"F 4*units"``.

A pattern is a line of factors: capital names are bound to the axes that they meet, ``...`` to
any number of axes, lower-case names are arguments, numbers are numbers. Layers declare what they
take, what they give and how large their weights are in this one notation; messages and the
reference documentation print it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.shapes.dim import Dim, Shape


@dataclass(frozen=True, slots=True)
class Bound:
    """What a pattern's symbols and its ``...`` met in a shape."""

    sizes: Mapping[str, Dim]
    rest: Shape


def bind(pattern: str, shape: Shape) -> Bound | None:
    """Match a shape against a pattern; None if the number of axes does not fit."""
    tokens = pattern.split()
    if "..." not in tokens:
        if len(tokens) != len(shape):
            return None
        return Bound(dict(zip(tokens, shape, strict=True)), ())
    at = tokens.index("...")
    tail = len(tokens) - at - 1
    if len(shape) < at + tail:
        return None
    end = len(shape) - tail
    names = [
        *zip(tokens[:at], shape[:at], strict=True),
        *zip(tokens[at + 1 :], shape[end:], strict=True),
    ]
    return Bound(dict(names), shape[at:end])


def fill(pattern: str, sizes: Mapping[str, Dim], rest: Shape = ()) -> Shape:
    """The shape that a pattern stands for."""
    shape: list[Dim] = []
    for token in pattern.split():
        if token == "...":
            shape.extend(rest)
            continue
        size = Dim.of(1)
        for factor in token.split("*"):
            size = size * (int(factor) if factor.isdecimal() else sizes[factor])
        shape.append(size)
    return tuple(shape)


def show(pattern: str) -> str:
    """A pattern as people write shapes: ``[B, T, F]``."""
    return "[" + ", ".join(pattern.split()) + "]"
