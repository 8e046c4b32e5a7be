"""``weights.py``: what a file's weights are in this program.

Most weights of a file are views of the model's, which are read and written through them. Those of
a GRU are not, as PyTorch has its gates in another order and its two biases apart; a program with
one copies both ways.
"""

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
    columns,
    docstring,
    flat,
    mapping,
    statement,
)
from seqspec.backends.python_text import literal as quoted
from seqspec.backends.state_names import state_names
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.parts import Piece, Slot
from seqspec.ir import given
from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """``computes`` says that ``weights.py`` imports torch, ``copied`` that the file's arrays are no
    views of the model's, ``swaps`` that gates change places, ``stacks`` that biases are put
    together.
    """

    doc: str
    main: str
    digest: str
    model: str
    computes: bool
    copied: bool
    swaps: bool
    stacks: bool
    out: tuple[str, ...]
    back: tuple[str, ...]
    state: str = ""
    state_names: tuple[str, ...] = ()


def plan_weights(task: Task, model: ModelPlan) -> WeightsPlan:
    """The names of the file and the tensors of the model that belong to them."""
    pieces = [piece for slot in model.slots for piece in slot.pieces]
    swaps = any(piece.gates for piece in pieces)
    stacks = any(len(slot.pieces) > 1 for slot in model.slots)
    out, back = _lines(model.slots, {})
    if model.slots:
        state = "    state = model.state_dict()"
        out, back = [state, *out], [f"{state}  # its tensors are the model's", *back]
    if any(len(line) > WIDTH for line in (*out, *(back if swaps or stacks else ()))):
        names = Names({"model", "arrays", "state", "torch", "swap_gates"})
        owners = {slot.owner: slot.kind for slot in model.slots if slot.pieces[0].name}
        short = {owner: names.fresh(kind) for owner, kind in owners.items()}
        states = [
            line
            for owner, name in short.items()
            for line in assign(name, Code(f"model.{owner}.state_dict()"), indent=4)
        ]
        out, back = ([*states, *lines] for lines in _lines(model.slots, short))
    title = f"The weights of {task.graph.name} in a file, with names and layout common to"
    return WeightsPlan(
        doc="\n".join(docstring(f"{title} PyTorch and Keras.")),
        main=model.main,
        digest=quoted(task.digest),
        model=quoted(task.graph.name),
        computes=swaps or stacks or any(given.weights(task.graph)),
        copied=swaps or stacks,
        swaps=swaps,
        stacks=stacks,
        out=tuple(out),
        back=tuple(back),
        state=model.state.name if model.state else "",
        state_names=state_names([f.path for f in model.state.fields] if model.state else []),
    )


def _lines(slots: tuple[Slot, ...], short: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The statement that returns the arrays, and those that copy them back.

    ``short`` names the states of single modules, for models whose names are long.
    """
    entries: list[tuple[Expr, Expr]] = []
    back: list[str] = []
    for slot in slots:
        given: list[Expr] = []
        for row, piece in enumerate(slot.pieces):
            held = _held(slot, piece, short)
            given.append(_broken_at_turn(slot.path, _turned(held, piece), piece))
            stored = Index("arrays", slot.path, f"[{row}]" if len(slot.pieces) > 1 else "")
            copy = f"{held.of}[{quoted(str(held.key))}].copy_"
            back += statement("", Call(copy, (_turned(stored, piece),)), indent=4)
        several = Call("torch.stack", (Group("[", tuple(given)),))
        entries.append((slot.path, several if len(given) > 1 else given[0]))
    return statement("return ", mapping(entries), indent=4), back


def _broken_at_turn(path: str, tensor: Expr, piece: Piece) -> Expr:
    """The entry of a tensor, as a call where ``ruff format`` breaks a long one at its arguments."""
    method, _, arguments = piece.turn.partition("(")
    if not arguments:
        return tensor
    head = flat(tensor).removesuffix(f"({arguments}")
    if 8 + columns(f"{quoted(path)}: {head}(") > WIDTH:
        return tensor
    assert head.endswith(method)
    return Call(head, (Code(arguments.removesuffix(")")),))


def _held(slot: Slot, piece: Piece, short: Mapping[str, str]) -> Index:
    """The tensor in the model's state."""
    if not piece.name:  # no module's, but the model's own
        return Index("model.state_dict()" if short else "state", slot.owner)
    if slot.owner in short:
        return Index(short[slot.owner], piece.name)
    return Index("state", f"{slot.owner}.{piece.name}")


def _turned(tensor: Index, piece: Piece) -> Expr:
    """A tensor of the model in the file's layout, or one of the file in the model's."""
    if piece.turn:
        turn = piece.back if tensor.of == "arrays" else piece.turn
        return Index(tensor.of, tensor.key, f"{tensor.after}{turn}")
    if not piece.gates:
        turn = ".transpose(0, 2)" if piece.window else ".T" if piece.transposed else ""
        return Index(tensor.of, tensor.key, f"{tensor.after}{turn}")
    if not piece.transposed:
        return Call("swap_gates", (tensor,))
    # Gates change places along the last axis, which is the file's.
    if tensor.of == "arrays":
        return Code(f"{flat(Call('swap_gates', (tensor,)))}.T")
    return Call("swap_gates", (Index(tensor.of, tensor.key, ".T"),))
