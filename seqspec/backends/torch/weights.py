"""``weights.py``: what a file's weights are in this program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Expr,
    Group,
    Index,
    Names,
    assign,
    docstring,
    mapping,
    statement,
)
from seqspec.backends.python_text import literal as quoted
from seqspec.backends.torch.model import ModelPlan, Slot
from seqspec.backends.torch.parts import Piece
from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """``gates`` says that some weight has several pieces: those of GRUs do."""

    doc: str
    main: str
    digest: str
    model: str
    gates: bool
    swaps: bool
    views: tuple[str, ...]
    shapes: tuple[str, ...]
    needed_shape: str


def plan_weights(task: Task, model: ModelPlan) -> WeightsPlan:
    """The names of the file and the views of the model that belong to them."""
    gates = any(len(slot.pieces) > 1 or any(p.gates for p in slot.pieces) for slot in model.slots)
    lines = _views(model.slots, gates, {})
    if model.slots:
        lines.insert(0, "    state = model.state_dict()")
    if any(len(line) > WIDTH for line in lines):
        names = Names({"model", "zrh"})
        owners = {slot.owner: slot.kind for slot in model.slots}
        short = {owner: names.fresh(kind) for owner, kind in owners.items()}
        lines = list[str]()
        for owner, name in short.items():
            lines += assign(name, Code(f"model.{owner}.state_dict()"), indent=4)
        lines += _views(model.slots, gates, short)
    shapes: list[tuple[Expr, Expr]] = [
        (path, quoted(tuple(d.value for d in weight.shape)))
        for path, weight in task.graph.all_weights()
    ]
    title = f"The weights of {task.graph.name} in a file, with names and layout common to"
    return WeightsPlan(
        doc="\n".join(docstring(f"{title} PyTorch and Keras.")),
        main=model.main,
        digest=quoted(task.digest),
        model=quoted(task.graph.name),
        gates=gates,
        swaps=any(piece.gates for slot in model.slots for piece in slot.pieces),
        views=tuple(lines),
        shapes=tuple(assign("SHAPES", mapping(shapes))) if gates else (),
        needed_shape="SHAPES[name]" if gates else "tuple(ours[name].shape)",
    )


def _views(slots: tuple[Slot, ...], gates: bool, short: Mapping[str, str]) -> list[str]:
    """The statement that returns the views; ``short`` names the states of single modules."""
    entries: list[tuple[Expr, Expr]] = []
    for slot in slots:
        alone = len(slot.pieces) == 1
        pieces = [_piece(slot, piece, short, star=not alone) for piece in slot.pieces]
        if alone and (slot.pieces[0].gates or not gates):
            entries.append((slot.path, pieces[0]))
        else:
            entries.append((slot.path, Group("(", tuple(pieces))))
    return statement("return ", mapping(entries), indent=4)


def _piece(slot: Slot, piece: Piece, short: Mapping[str, str], *, star: bool) -> Expr:
    after = ".transpose(0, 2)" if piece.window else ".T" if piece.transposed else ""
    if slot.owner in short:
        view = Index(short[slot.owner], piece.name, after)
    else:
        view = Index("state", f"{slot.owner}.{piece.name}", after)
    return Call("*zrh" if star else "zrh", (view,)) if piece.gates else view
