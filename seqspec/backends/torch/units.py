"""What a unit of a graph is: a recurrent layer, one run both ways, another layer, or a model."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.torch.layers import LOWERINGS
from seqspec.backends.torch.parts import Part
from seqspec.backends.torch.recurrent import KINDS, Recurrent, fused_part, loop_parts
from seqspec.ir.graph import Layer, SubModel, Unit


@dataclass(frozen=True, slots=True)
class Core:
    """A unit with its recurrent layer, if it is one or runs one both ways."""

    unit: Unit
    recurrent: Recurrent | None = None
    merge_mode: str = ""

    @property
    def bidirectional(self) -> bool:
        return bool(self.merge_mode)


def core(unit: Unit) -> Core:
    """Looks into a unit."""
    if isinstance(unit, SubModel):
        return Core(unit)
    if unit.kind in KINDS:
        return Core(unit, Recurrent(unit.kind, unit.args))
    if unit.inner is not None:
        return Core(unit, Recurrent(unit.inner.kind, unit.inner.args), unit.args["merge_mode"])
    return Core(unit)


def parts(layer: Layer, name: str) -> tuple[Part, ...]:
    """The modules of a layer that is to be called ``self.<name>``; none for a bare function."""
    weights = {w.name: w for w in layer.weights}
    found = core(layer)
    if found.recurrent is None:
        return LOWERINGS[layer.kind].parts(name, layer.args, weights)
    both = found.bidirectional
    if found.recurrent.fused:
        return (fused_part(found.recurrent, name, weights, bidirectional=both),)
    return loop_parts(found.recurrent, name, weights, bidirectional=both)
