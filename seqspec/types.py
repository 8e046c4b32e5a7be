"""What the checker knows about a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from seqspec.shapes.dim import Dim, Shape, show


class Role(Enum):
    """What the numbers of a tensor mean, as far as losses and activations care."""

    PLAIN = "plain"
    PROBABILITIES = "probabilities"  # sums to one over the last axis (softmax)
    PROBABILITY = "yes-or-no probabilities"  # each number on its own (sigmoid)
    MIXED = "computed from probabilities"  # by an operator: neither those nor logits for sure


class Padding(Enum):
    """How padded steps are told from data, where no number in the sequence tells."""

    LENGTHS = "lengths"  # an array beside the input says how many steps of each sample are data
    GIVEN = "given"  # a mask comes with the value from the layers before


@dataclass(frozen=True, slots=True)
class Tensor:
    """The type of a tensor: element kind with its bound, shape, role, causality, padding.

    ``kind`` is ``"float"`` or ``"token"``; tokens lie in ``[0, bound)``.
    ``causal`` says that step t has seen no later step of what the layer was given; what that means
    for the model's inputs is found by :mod:`seqspec.ir.causality`. ``pad`` is the id or the value
    that padded steps have, or how else they are told; None where each step is data.
    """

    kind: str
    shape: Shape
    bound: Dim | None = None
    role: Role = Role.PLAIN
    causal: bool = True
    pad: float | Padding | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    def shaped(self, shape: Shape) -> Tensor:
        """The same kind of value in another shape, with the default role."""
        return replace(self, shape=shape, role=Role.PLAIN)

    def __str__(self) -> str:
        said = [] if self.bound is None else [str(self.bound)]
        if self.pad is not None and self.pad is not Padding.GIVEN:
            pad = self.pad.value if isinstance(self.pad, Padding) else self.pad
            said.append(f"pad={pad}")
        details = f"({', '.join(said)})" if said else ""
        return f"{self.kind}{details}{show(self.shape)}"


@dataclass(frozen=True, slots=True)
class State:
    """The type of a recurrent layer's state.

    ``kind`` is the declared name of the layer it belongs to; ``parts`` are its tensors in Keras's
    order, as (name, shape). ``causal`` is as for tensors: a final state has seen every step.
    """

    kind: str
    parts: tuple[tuple[str, Shape], ...]
    causal: bool = True

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {show(shape)}" for name, shape in self.parts)
        return f"state of {self.kind} ({parts})"


Type = Tensor | State
