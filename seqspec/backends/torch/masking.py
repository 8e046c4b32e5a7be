"""Masks in the forward pass: which of them it reads, and how each is written.

A mask is computed once, at the top, from the inputs: ``mask = words != 0``. A called model gets the
masks that it reads as parameters of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seqspec.backends.python_text import (
    Code,
    Expr,
    Group,
    assign,
    call,
    comment,
    flat,
    literal,
    safe,
)
from seqspec.backends.torch.units import Core, core
from seqspec.ir.graph import Graph, Layer
from seqspec.ir.masks import (
    AnyOf,
    Beside,
    ByLengths,
    ByToken,
    ByValue,
    Given,
    Mask,
    Reversed,
    Source,
    Whole,
    leaves,
)
from seqspec.ir.padding import padded_anywhere, reads
from seqspec.shapes.dim import Dim, show
from seqspec.vocabulary.masking import Masking


def source(mask: Source, operand: Callable[[str], str]) -> Expr:
    """The mask of an input as an expression; ``operand`` finds the input's variable."""
    x = operand(mask.port)
    match mask:
        case ByToken():
            return Code(f"{x} != {mask.pad}")
        case ByValue():
            return Code(f"({x} != {literal(mask.pad)}).any(-1)")
        case ByLengths():
            steps = call("torch.arange", Code(f"{x}.shape[1]"), device=Code(f"{x}.device"))
            return Code(f"{flat(steps)} < {operand(mask.lengths)}[:, None]")
        case Given():
            raise AssertionError("a given mask is a parameter")


def composed(mask: Mask, known: Mapping[Mask, str], whole: Callable[[Dim], Expr]) -> Expr:
    """A mask out of those that have names."""
    if mask in known:
        return Code(known[mask])
    if isinstance(mask, Reversed):
        return Code(f"{_inside(composed(mask.mask, known, whole))}.flip(1)")
    if isinstance(mask, AnyOf):
        return Code(" | ".join(_inside(composed(part, known, whole)) for part in mask.masks))
    if isinstance(mask, Beside):
        parts = tuple(composed(part, known, whole) for part in mask.masks)
        return call("torch.cat", Group("[", parts), dim=1)
    assert isinstance(mask, Whole), "the masks of inputs have names"
    return whole(mask.steps)


def masks_of(graph: Graph, mask: Mask, operand: Callable[[str], str]) -> tuple[list[str], Expr]:
    """Lines that compute the masks a mask is made of, and its expression."""
    inputs = {value.name: value for value in graph.inputs}
    found = list(dict.fromkeys(leaves(mask)))
    lines: list[str] = []
    known: dict[Mask, str] = {}
    for leaf in found:
        known[leaf] = "mask" if len(found) == 1 else f"{safe(leaf.port)}_mask"
        note = comment(show(inputs[leaf.port].tensor.shape[:2]))
        lines += assign(known[leaf], source(leaf, operand), indent=4, note=note)
    axes = {
        dim.symbol: f"{operand(v.name)}.shape[{axis}]"
        for v in graph.inputs
        if not v.parts
        for axis, dim in enumerate(v.tensor.shape)
    }

    def whole(steps: Dim) -> Expr:
        x = operand(graph.inputs[0].name)
        size = Group("(", (Code(f"len({x})"), Code(str(steps.value or axes[steps.symbol]))))
        return call("torch.ones", size, dtype=Code("torch.bool"), device=Code(f"{x}.device"))

    return lines, composed(mask, known, whole)


@dataclass(frozen=True, slots=True)
class MaskPlan:
    """What ``model.py`` needs to compute over data alone.

    ``over_data`` runs a module of PyTorch: ``every`` if steps are read, ``anywhere`` if padding may
    stand before data or fill a sample, ``cells`` and ``plain`` for modules with and without a cell
    state, ``one_way`` and ``both_ways`` for modules of one and of both directions. ``unseen`` says
    that scores of attention are told what is padding, ``seen`` that heads are.
    """

    over_data: bool
    every: bool
    anywhere: bool
    cells: bool
    plain: bool
    one_way: bool
    both_ways: bool
    unseen: bool
    seen: bool

    @property
    def mixed(self) -> bool:
        """Whether states are of both kinds."""
        return self.cells and self.plain

    @property
    def at_padding(self) -> str:
        """What the output is there, as a sentence."""
        again = "At padding the output before it stands again, as in Keras"
        if not self.both_ways:
            return f"{again}; zeros if there is none." if self.anywhere else f"{again}."
        return f"{again}; of both directions, zeros." if self.one_way else "At padding it is zeros."

    @property
    def zeros_already(self) -> bool:
        """Whether what comes unpacked is the result."""
        return not self.anywhere and not self.one_way

    @property
    def zeros_if_both(self) -> bool:
        return not self.anywhere and self.both_ways

    @property
    def blank(self) -> str:
        """The steps without an output."""
        if not self.anywhere:
            return ""
        if not self.one_way:
            return "~mask"
        return "~mask if rnn.bidirectional else place < 0" if self.both_ways else "place < 0"


def plan_masks(root: Graph, graphs: Sequence[Graph]) -> MaskPlan:
    """What the uses of layers in all graphs of a program need."""
    over = [
        (graph, node, core(node.unit))
        for graph in graphs
        for node in graph.nodes
        if core(node.unit).recurrent is not None and reads(node)[0] is not None
    ]
    fused = [(g, n, c) for g, n, c in over if c.recurrent is not None and c.recurrent.fused]
    anywhere = padded_anywhere(root)
    kinds = {c.recurrent.kind for _, _, c in fused if c.recurrent is not None}
    attending = [
        (node.unit.spec.masking, reads(node))
        for graph in graphs
        for node in graph.nodes
        if isinstance(node.unit, Layer)
    ]
    both = [c.one_module and c.bidirectional for _, _, c in fused]
    return MaskPlan(
        over_data=bool(fused),
        every=any(
            g.uses(value)
            for g, n, _ in fused
            for name, value in n.outputs.items()
            if name.endswith("sequence")
        ),
        anywhere=any(n.unit in anywhere or _turned(c) for _, n, c in fused),
        cells="lstm" in kinds,
        plain=bool(kinds - {"lstm"}),
        one_way=not all(both),
        both_ways=any(both),
        unseen=any(how is Masking.ATTENDS and read[1] is not None for how, read in attending),
        seen=any(how is Masking.HEADS and any(read) for how, read in attending),
    )


def _turned(found: Core) -> bool:
    """Whether a module is handed steps in reverse order, so that padding comes first."""
    assert found.recurrent is not None
    return found.recurrent.backwards or (found.bidirectional and not found.one_module)


def _inside(expr: Expr) -> str:
    text = flat(expr)
    return text if text.isidentifier() else f"({text})"


def flipped(text: str) -> str:
    """A mask for steps that are read from the last to the first."""
    return text.removesuffix(".flip(1)") if text.endswith(".flip(1)") else f"{text}.flip(1)"
