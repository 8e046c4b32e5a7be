"""What the lowering of a layer is made of, recurrent ones aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.parts import Module, Part, Piece, Stored
from seqspec.shapes.dim import Dim
from seqspec.types import Tensor
from seqspec.vocabulary.spec import OwnedWeight


@dataclass(frozen=True, slots=True)
class Applied:
    """One application: the module's name, the operands with their types, sizes as expressions.

    ``tied`` has for each argument that is a weight of another layer the expression of that weight
    as PyTorch lays it out, [outputs, inputs]. ``masks`` are those that the layer reads of its
    operands, empty where there is none; ``mask`` is that of the first.
    """

    args: Mapping[str, Any]
    owner: str
    operands: Sequence[str]
    types: Sequence[Tensor]
    result: Tensor
    size: Callable[[Dim], str]
    tied: Mapping[str, str] = field(default_factory=dict[str, str])
    masks: Sequence[str] = ()

    @property
    def mask(self) -> str:
        return next(iter(self.masks), "")


@dataclass(frozen=True, slots=True)
class Lowering:
    """A layer's modules and expression. ``stepwise`` says that the layer treats all but the last
    axis alike, so that applying it per step is applying it; a batch norm averages over them all.
    """

    parts: Callable[[str, Mapping[str, Any], Mapping[str, OwnedWeight]], tuple[Part, ...]]
    expression: Callable[[Applied], Expr]
    stepwise: bool = False


def parameter(name: str, key: str, weight: OwnedWeight) -> Part:
    """A weight that is no module's: ``self.<name>``, in Keras's layout."""
    sizes = tuple(size_of(weight, axis) for axis in range(len(weight.shape)))
    fixed: tuple[tuple[str, Expr], ...] = () if weight.trainable else (("requires_grad", False),)
    build = Call("nn.Parameter", (Call("torch.empty", sizes),), fixed)
    first = draw(weight.initializer, "{0}", weight, transposed=False)
    return Part(Module(name, "nn.Parameter", build), (first,), (Stored(key, (Piece(""),)),))


def size_of(weight: OwnedWeight, axis: int) -> int:
    size = weight.shape[axis].value
    assert size is not None, "the checker lets no weight of unknown size through"
    return size


def nothing(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    return ()


def module(applied: Applied) -> Call:
    return Call(applied.owner, (Code(applied.operands[0]),))
