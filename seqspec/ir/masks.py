"""Which steps of a value are data and which are padding, said over a model's inputs.

A mask lies along the first axis after the batch. It is an expression over the inputs of the model
that the value belongs to, by their names, so a program can write it down wherever it is needed:
in the forward pass, in a loss, in a metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from seqspec.shapes.dim import Dim
from seqspec.types import Padding, Tensor
from seqspec.vocabulary.masking import Masking


@dataclass(frozen=True, slots=True)
class Given:
    """The mask that comes with an input of a model that others call."""

    port: str


@dataclass(frozen=True, slots=True)
class ByToken:
    """Steps whose id is not the padding's."""

    port: str
    pad: int


@dataclass(frozen=True, slots=True)
class ByValue:
    """Steps of which some feature is not the padding's value."""

    port: str
    pad: float


@dataclass(frozen=True, slots=True)
class ByLengths:
    """The first steps of each sample, as many as the input ``lengths`` says."""

    port: str
    lengths: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Steps that count in one mask or another: what joined values have."""

    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Reversed:
    """A mask read from the last step to the first."""

    mask: Mask


@dataclass(frozen=True, slots=True)
class Whole:
    """So many steps, all of which count."""

    steps: Dim


@dataclass(frozen=True, slots=True)
class Beside:
    """Masks one after the other along time."""

    masks: tuple[Mask, ...]


#: what a layer does if its output has the mask of its first operand
_KEEPING = (
    *(Masking.KEEPS, Masking.COUNTS, Masking.STEPS),
    *(Masking.ATTENDS, Masking.HEADS),
)

Source = Given | ByToken | ByValue | ByLengths
Mask = Given | ByToken | ByValue | ByLengths | AnyOf | Reversed | Whole | Beside


class Masked(Protocol):
    """A value of a tensor type, with its mask."""

    @property
    def tensor(self) -> Tensor: ...
    @property
    def mask(self) -> Mask | None: ...


def declared(port: str, type_: Tensor) -> Mask | None:
    """The mask that an input has by its type, in a model that stands for itself."""
    if type_.pad is None:
        return None
    if isinstance(type_.pad, Padding):
        return ByLengths(port, f"{port}_lengths") if type_.pad is Padding.LENGTHS else Given(port)
    if type_.kind == "token":
        return ByToken(port, int(type_.pad))
    return ByValue(port, type_.pad)


def through(masking: Masking, operands: Sequence[Masked]) -> tuple[Mask | None, bool]:
    """The mask of what a layer gives, and whether padding goes on there as if it were data."""
    if masking is Masking.JOINS:
        # One step that stands for all says nothing of any of them.
        operands = [o for o in operands if o.tensor.shape[1:2] != (Dim.of(1),)] or operands
    masks = [operand.mask for operand in operands]
    if not any(masks):
        return None, False
    if masking is Masking.JOINS:
        known = [mask for mask in masks if mask is not None]
        return (any_of(known), False) if len(known) == len(masks) else (None, True)
    if masking is Masking.APPENDS:
        return Beside(tuple(o.mask or Whole(o.tensor.shape[1]) for o in operands)), False
    first = masks[0]
    if masking in (Masking.FLIPS, Masking.STEPS_BACK):
        return None if first is None else flipped(first), False
    return first if masking in _KEEPING else None, masking is Masking.ENDS


def any_of(masks: Sequence[Mask]) -> Mask:
    """Steps that count in one of the masks; each is said once."""
    different = tuple(dict.fromkeys(masks))
    return different[0] if len(different) == 1 else AnyOf(different)


def flipped(mask: Mask) -> Mask:
    """A mask in the other direction of time."""
    return mask.mask if isinstance(mask, Reversed) else Reversed(mask)


def seen_outside(mask: Mask | None, ports: Mapping[str, Mask | None]) -> Mask | None:
    """A called model's mask as its caller says it; ``ports`` are the masks that flow in."""
    if mask is None or isinstance(mask, Whole):
        return mask
    if isinstance(mask, AnyOf | Beside):
        parts = [p for m in mask.masks if (p := seen_outside(m, ports)) is not None]
        return any_of(parts) if isinstance(mask, AnyOf) else Beside(tuple(parts))
    if isinstance(mask, Reversed):
        inner = seen_outside(mask.mask, ports)
        return None if inner is None else flipped(inner)
    return ports[mask.port]


def at_the_end(mask: Mask) -> bool:
    """Whether padding can only follow the data, and each sample has some data."""
    if isinstance(mask, AnyOf):
        return all(map(at_the_end, mask.masks))
    return isinstance(mask, ByLengths | Whole)


def leaves(mask: Mask) -> list[Source]:
    """What a mask is made of: the masks of inputs."""
    if isinstance(mask, AnyOf | Beside):
        return [leaf for part in mask.masks for leaf in leaves(part)]
    if isinstance(mask, Reversed):
        return leaves(mask.mask)
    return [] if isinstance(mask, Whole) else [mask]


def sources(mask: Mask | None) -> tuple[str, ...]:
    """The inputs that a mask is read off, each once."""
    if mask is None or isinstance(mask, Whole):
        return ()
    if isinstance(mask, AnyOf | Beside):
        return tuple(dict.fromkeys(p for m in mask.masks for p in sources(m)))
    return sources(mask.mask) if isinstance(mask, Reversed) else (mask.port,)
