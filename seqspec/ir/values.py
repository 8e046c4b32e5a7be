"""The values that an application gives, and what an application at each step makes of types."""

from __future__ import annotations

from dataclasses import replace

from seqspec.ir.graph import Value
from seqspec.ir.masks import Mask
from seqspec.shapes.dim import Dim, product
from seqspec.source import Span
from seqspec.types import Padding, State, Tensor, Type
from seqspec.vocabulary.spec import Applied


def folded(type_: Tensor, fold: int) -> Tensor:
    """A type with the axes that are kept aside merged into the batch."""
    if not fold:
        return type_
    shape = (product(type_.shape[: 1 + fold]), *type_.shape[1 + fold :])
    return Tensor(type_.kind, shape, type_.bound, type_.role)


def values_of(
    applied: Applied,
    kept: tuple[Dim, ...],
    at: Span,
    name: str,
    fold: int,
    types: tuple[Tensor, ...],
    mask: Mask | None,
) -> dict[str, Value]:
    """One value per output; what a fold kept aside is put back.

    ``mask`` goes to what has steps: an output of one step alone has no padding.
    """

    def unfold(type_: Type) -> Type:
        if not fold or isinstance(type_, State):
            return type_
        shape = (*kept, *type_.shape[1:])
        return Tensor(type_.kind, shape, type_.bound, type_.role)  # each step is on its own

    outputs: dict[str, Value] = {}
    for output, type_ in applied.outputs.items():
        if fold and output != applied.passes_on:
            continue
        whole = unfold(type_)
        stepped = isinstance(whole, Tensor) and (fold > 0 or whole.rank >= types[0].rank)
        outputs[output] = value_of(
            whole, at, _name(applied, output, name), mask if stepped else None
        )
    return outputs


def _name(applied: Applied, output: str, name: str) -> str:
    """What an output is called, given what the result is bound to: ``name``, ``name_forward``."""
    if not applied.several:
        return name if output == applied.passes_on else ""
    called = output.partition(".")[0] if output in applied.several else output.replace(".", "_")
    return f"{name}_{called}" if name and not isinstance(applied.outputs[output], State) else ""


def value_of(type_: Type, at: Span, name: str, mask: Mask | None = None) -> Value:
    """A value that a unit gives: with its mask, or with one value per tensor if it is a state."""
    if isinstance(type_, Tensor):
        pad = None if mask is None else Padding.GIVEN
        return Value(replace(type_, pad=pad), at, name, mask=mask)
    parts = tuple(
        Value(Tensor("float", shape, causal=type_.causal), at) for _, shape in type_.parts
    )
    return Value(type_, at, name, parts)
