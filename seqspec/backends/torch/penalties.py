"""``train.py``: what weights and outputs cost, and the bounds that weights are brought back into.

Keras keeps both with the weights; here they are two functions that the loop calls. What is said of
rows, columns and axes means Keras's layout, so weights are turned into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    Sum,
    assign,
    literal,
    statement,
)
from seqspec.backends.torch.parts import Piece, Slot
from seqspec.ir.graph import Graph
from seqspec.ir.task import Training
from seqspec.vocabulary.spec import Setting

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PenaltyPlan:
    """Bodies of ``penalty()`` and ``constrain()``, empty if there is nothing to say.

    ``activity`` tells whether outputs cost something; the others which functions are called.
    """

    penalty: tuple[str, ...]
    constrain: tuple[str, ...]
    activity: bool
    crossing: bool
    max_norm: bool
    unit_norm: bool
    min_max_norm: bool


def plan_penalties(graph: Graph, training: Training, weights_of: tuple[Slot, ...]) -> PenaltyPlan:
    """What the train.py of a graph says of them; as in Keras, what is frozen costs nothing."""
    weights = dict(graph.all_weights())
    slots = [(slot, weights[slot.path]) for slot in weights_of if training.trains(slot.path)]
    costs = [t for slot, w in slots if w.regularizer for t in _cost(slot, w.regularizer)]
    penalty: list[str] = []
    if costs:
        penalty.append("    parameters = dict(model.named_parameters())")
    if costs or graph.activity:
        terms = [*costs, Code("model.activity")] if graph.activity else costs
        whole = Sum(tuple(terms)) if len(terms) > 1 else terms[0]
        penalty += statement("return ", whole, indent=4)
    bounds = [line for slot, w in slots if w.constraint for line in _bound(slot, w.constraint)]
    if bounds:
        bounds.insert(0, "    parameters = dict(model.named_parameters())")
    used = {w.constraint.name for _, w in slots if w.constraint}
    crossing = any(w.regularizer and w.regularizer.name not in _SIZES for _, w in slots)
    return PenaltyPlan(
        tuple(penalty),
        tuple(bounds),
        activity=graph.activity,
        crossing=crossing,
        max_norm="max_norm" in used,
        unit_norm="unit_norm" in used,
        min_max_norm="min_max_norm" in used,
    )


# ---------------------------------------------------------------------------------------- penalties


def _cost(slot: Slot, regularizer: Setting) -> Iterator[Expr]:
    """The terms of one weight."""
    for piece in slot.pieces:
        yield from COSTS[regularizer.name](_parameter(slot, piece), piece, regularizer.args)


def _parameter(slot: Slot, piece: Piece) -> str:
    return f"parameters[{literal(f'{slot.owner}.{piece.name}')}]"


def _size(weight: str, piece: Piece, args: Args) -> Iterator[Expr]:
    yield from sizes(weight, args)


def sizes(tensor: str, args: Args, behind: str = "") -> Iterator[Expr]:
    """The terms of a tensor that costs what it is large; ``behind`` divides them by the samples."""
    given = [pair for pair in (("l1", "abs"), ("l2", "square")) if pair[0] in args]
    # A factor of zero alone is written: it may be a param that is zero this time.
    for name, function in [pair for pair in given if args[pair[0]]] or given[:1]:
        yield Code(f"{literal(args[name])} * {tensor}.{function}().sum(){behind}")


def _crossing(weight: str, piece: Piece, args: Args) -> Iterator[Expr]:
    turned = piece.transposed == (args["mode"] == "rows")
    yield Code(f"{literal(args['factor'])} * crossing({weight}{'.T' if turned else ''})")


#: those that are sums over all numbers
_SIZES = ("l1", "l2", "l1_l2")
COSTS: Mapping[str, Callable[[str, Piece, Args], Iterator[Expr]]] = {
    **dict.fromkeys(_SIZES, _size),
    "orthogonal_regularizer": _crossing,
}


# -------------------------------------------------------------------------------------- constraints


def _bound(slot: Slot, constraint: Setting) -> Iterator[str]:
    """The statements that bring one weight back into its bounds."""
    if constraint.name == "non_neg":
        for piece in slot.pieces:
            yield f"    {_parameter(slot, piece)}.clamp_(min=0)"
        return
    name = slot.path.rpartition("/")[2]
    if len(slot.pieces) == 1:
        piece = slot.pieces[0]
        yield from assign(name, Code(_parameter(slot, piece) + _turn(piece)), indent=4)
        copied = Call(f"{name}.copy_", (_within(name, constraint),))
        yield from statement("", copied, indent=4)
        return
    # A GRU's two biases are the rows of one array.
    rows = [_parameter(slot, piece) for piece in slot.pieces]
    stacked = Call("torch.stack", (Group("[", tuple(map(Code, rows))),))
    yield from assign(name, stacked, indent=4)
    yield from assign(name, _within(name, constraint), indent=4)
    for number, row in enumerate(rows):
        yield f"    {row}.copy_({name}[{number}])"


def _turn(piece: Piece) -> str:
    """What makes a view in Keras's layout, but for the order of gates: no norm depends on it."""
    if piece.turn:
        return piece.turn
    return ".transpose(0, 2)" if piece.window else ".T" if piece.transposed else ""


def _within(name: str, constraint: Setting) -> Call:
    """The call that gives a weight within its bounds."""
    args = constraint.args
    numbers = tuple(args[key] for key in ("min_value", "max_value") if key in args)
    keywords: list[tuple[str, Expr]] = []
    if args.get("rate", 1) != 1:
        keywords.append(("rate", args["rate"]))
    if args["axis"] != 0:
        keywords.append(("axis", literal(args["axis"])))
    return Call(constraint.name, (Code(name), *numbers), tuple(keywords))


#: every constraint of the language
CONSTRAINTS = frozenset(("max_norm", "non_neg", "unit_norm", "min_max_norm"))
