"""Sizes as expressions over the shapes of a model's inputs."""

from __future__ import annotations

from seqspec.backends.torch.body import Body
from seqspec.ir.graph import Value
from seqspec.shapes.dim import Dim, Shape
from seqspec.types import Tensor


def size_of(dim: Dim, body: Body) -> str:
    """A size as an expression over the inputs' shapes."""
    if dim.value is not None:
        return str(dim.value)
    if dim.symbol is not None:
        return _symbol(dim.symbol, body).removeprefix("(").removesuffix(")")
    terms: list[str] = []
    for monomial, coefficient in dim.terms:
        factors = [
            _symbol(f, body) if isinstance(f, str) else f"-(-({size_of(f.of, body)}) // {f.by})"
            for f in monomial
        ]
        if coefficient != 1 or not factors:
            factors = [str(coefficient), *factors]
        terms.append(" * ".join(factors))
    return " + ".join(terms).replace("+ -", "- ")


def _symbol(name: str, body: Body) -> str:
    """A size by its name: that of an input's axis, or what solves one such as ``2*T + 1``."""
    axes = [
        (f"{text}.shape[{axis}]", dim)
        for value in body.graph.inputs
        for text, shape in _tensors(value, body)
        for axis, dim in enumerate(shape)
    ]
    for text, dim in axes:
        if dim.symbol == name:
            return text
    for text, dim in axes:
        terms = dict(dim.terms)
        factor, rest = terms.pop((name,), 0), terms.pop((), 0)
        if factor > 0 and not terms:
            shifted = f"({text} {'-' if rest > 0 else '+'} {abs(rest)})" if rest else text
            return shifted if factor == 1 else f"({shifted} // {factor})"
    raise AssertionError(f"the size {name} does not follow from the inputs")


def _tensors(value: Value, body: Body) -> list[tuple[str, Shape]]:
    """The tensors of an input with their shapes."""
    held = body.held[value]
    if isinstance(value.type, Tensor):
        return [(held.text, value.type.shape)]
    shapes = (shape for _, shape in value.type.parts)
    return list(zip(held.parts, shapes, strict=True))
