"""The masks of a forward pass, which are computed before anything else."""

from __future__ import annotations

from seqspec.backends.python_text import Code, Expr, Group, call, comment
from seqspec.backends.torch.body import FOREVER, Body, shape_note
from seqspec.backends.torch.masking import composed, source
from seqspec.backends.torch.sizes import size_of
from seqspec.ir.graph import Graph, Value
from seqspec.ir.masks import ByValue, Given, Mask, Reversed, leaves
from seqspec.ir.padding import read_masks
from seqspec.shapes.dim import Dim, show


class Masked:
    """Writes the lines that compute masks; what else a method does is a lowering's affair."""

    graph: Graph
    body: Body

    def _given_mask(self, value: Value, *, alone: bool) -> list[str]:
        """The parameter for the mask of an input of a called model."""
        name = self.body.own("mask" if alone else f"{value.name}_mask", FOREVER)
        self.body.masks[Given(value.name)] = name
        return [name]

    def _read(self) -> list[Mask]:
        """The masks that are needed."""
        return read_masks(self.graph)

    def _masks(self) -> None:
        """The lines that compute the masks, before anything else is computed."""
        inputs = {value.name: value for value in self.graph.inputs}
        read = self._read()
        blank = [v.mask for v in inputs.values() if isinstance(v.mask, ByValue) and v.mask.pad]
        sources = dict.fromkeys([*blank, *(leaf for mask in read for leaf in leaves(mask))])
        for mask in sources:
            if mask in self.body.masks:
                continue
            value = inputs[mask.port]
            name = self.body.own("mask" if len(sources) == 1 else f"{mask.port}_mask", FOREVER)
            expr = source(mask, lambda port: self.body.operand(inputs[port]))
            self.body.line(f"{name} = ", expr, comment(show(value.tensor.shape[:2])))
            self.body.masks[mask] = name
            if mask in blank:
                x = self.body.operand(value)
                zeroed = Code(f"{x}.masked_fill(~{name}[..., None], 0.0)")
                self.body.line(f"{x} = ", zeroed, shape_note(value))
        for mask in read:
            inner = mask.mask if isinstance(mask, Reversed) else mask
            if inner not in self.body.masks:
                name = self.body.own("joined_mask", FOREVER)
                self.body.line(f"{name} = ", composed(inner, self.body.masks, self._whole_mask))
                self.body.masks[inner] = name

    def _whole_mask(self, steps: Dim) -> Expr:
        """A mask of so many steps, all of which count."""
        x = self.body.operand(self.graph.inputs[0])
        size = Group("(", (Code(f"len({x})"), Code(size_of(steps, self.body))))
        return call("torch.ones", size, dtype=Code("torch.bool"), device=Code(f"{x}.device"))
