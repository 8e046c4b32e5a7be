"""What a unit of a graph is: a recurrent layer, one run both ways, another layer, or a model."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.torch.layers import LOWERINGS
from seqspec.backends.torch.parts import Part
from seqspec.backends.torch.recurrent import (
    KINDS,
    Recurrent,
    dropout_part,
    fused_part,
    loop_part,
)
from seqspec.ir.graph import Layer, SubModel, Unit
from seqspec.vocabulary.spec import Tie


@dataclass(frozen=True, slots=True)
class Core:
    """A unit with its recurrent layer, if it is one or runs one both ways."""

    unit: Unit
    recurrent: Recurrent | None = None
    merge_mode: str = ""

    @property
    def bidirectional(self) -> bool:
        return bool(self.merge_mode)

    @property
    def one_module(self) -> bool:
        """Whether one module of PyTorch computes all of it, both directions if there are two.

        If inputs are dropped, each direction drops others: they are two modules.
        """
        if self.recurrent is None or not self.recurrent.fused:
            return False
        return not (self.bidirectional and self.recurrent.drops_inputs)


def core(unit: Unit) -> Core:
    """Looks into a unit."""
    if isinstance(unit, SubModel):
        return Core(unit)
    if unit.kind in KINDS:
        return Core(unit, Recurrent(unit.kind, unit.args))
    if unit.inner is not None:
        return Core(unit, Recurrent(unit.inner.kind, unit.inner.args), unit.args["merge_mode"])
    return Core(unit)


def tied(tie: Tie, attribute: str) -> str:
    """The weight of the layer ``self.<attribute>`` as a kernel [outputs, inputs]."""
    for part in parts(tie.owner, attribute):
        for stored in part.stored:
            if stored.name == tie.weight:
                (piece,) = stored.pieces
                held = f"self.{part.module.name}" + (f".{piece.name}" if piece.name else "")
                return held + (".T" if tie.transposed == piece.transposed else "")
    raise KeyError(f"{tie.owner.name} has no {tie.weight}")


def parts(layer: Layer, name: str) -> tuple[Part, ...]:
    """The modules of a layer that is to be called ``self.<name>``; none for a bare function."""
    weights = {w.name: w for w in layer.weights}
    found = core(layer)
    if found.recurrent is None:
        return LOWERINGS[layer.kind].parts(name, layer.args, weights)
    recurrent, both = found.recurrent, found.bidirectional
    dropout = (dropout_part(recurrent, f"{name}_dropout"),) if recurrent.drops_inputs else ()
    if found.one_module:
        return (*dropout, fused_part(recurrent, name, weights, bidirectional=both))
    part = fused_part if recurrent.fused else loop_part
    if not both:
        return (*dropout, part(recurrent, name, weights))
    halves = (
        part(recurrent, f"{name}_{direction}", weights, prefix=f"{direction}/")
        for direction in ("forward", "backward")
    )
    return (*dropout, *halves)
