"""``train.py``: what training leaves as it is, as PyTorch says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.parts import Slot
from seqspec.ir.task import Frozen, Training


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """The body of ``freeze()``, and what keeps frozen norms from going into training mode."""

    lines: tuple[str, ...]
    norms: tuple[str, ...]


def plan_frozen(training: Training, model: ModelPlan) -> FrozenPlan:
    """What the loop says of what is frozen."""
    parts = dict.fromkeys(part for one in training.frozen for part in _parts(one, model))
    norms = dict.fromkeys(
        slot.owner
        for one in training.frozen
        for slot in model.slots
        if one.whole and one.holds(slot.path) and slot.path.endswith("/moving_mean")
    )
    note = "# As in Keras, a frozen norm goes by its moving averages and leaves them as they are."
    return FrozenPlan(
        tuple(f"    model.{part}.requires_grad_(False)" for part in parts),
        (note, *(f"model.{norm}.eval()" for norm in norms)) if norms else (),
    )


def _parts(one: Frozen, model: ModelPlan) -> Iterator[str]:
    """The modules or parameters that are frozen, as attributes of the model."""
    for slot in model.slots:
        if not one.holds(slot.path):
            continue
        if one.whole:
            yield ".".join(slot.owner.split(".")[: len(one.units)])
        else:
            yield from _parameters(slot)


def _parameters(slot: Slot) -> Iterator[str]:
    for piece in slot.pieces:
        yield f"{slot.owner}.{piece.name}" if piece.name else slot.owner
