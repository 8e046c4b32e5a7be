"""What the language writes with marks instead of names: slices and arithmetic.

Declared as layers are, so that shapes, messages and programs come by them in the same way; but
nobody can call them, so they stand in no list of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seqspec.diagnostics import codes
from seqspec.shapes.dim import UNKNOWN, Dim, Shape, same_shape, show
from seqspec.types import Role, Tensor
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.spec import Applied, LayerSpec, Port, Problem, Site, Weight


class Rest:
    """``...``: the axes that nothing else in the brackets speaks of."""


#: A place on an axis; an unknown size where a mistake has been reported.
Place = int | Dim


@dataclass(frozen=True, slots=True)
class Cut:
    """``start:stop:step``, as in Python; what is left out is None."""

    start: Place | None = None
    stop: Place | None = None
    step: Place | None = None

    @property
    def whole(self) -> bool:
        return self.start is self.stop is self.step is None


Entry = Place | Cut | Rest


def spread(index: Sequence[Entry], rank: int) -> list[tuple[int, Place | Cut]] | None:
    """(place in the brackets, entry) for each axis of a value; None if there are too many.

    Axes that are not spoken of stay whole; their place is -1.
    """
    free = rank - sum(not isinstance(e, Rest) for e in index)
    if free < 0:
        return None
    whole: tuple[int, Place | Cut] = (-1, Cut())
    axes: list[tuple[int, Place | Cut]] = []
    for place, entry in enumerate(index):
        axes += [whole] * free if isinstance(entry, Rest) else [(place, entry)]
    return axes + [whole] * (rank - len(axes))


def _problem(what: str, help: str, place: int) -> Problem:
    return Problem(codes.BAD_SLICE(what=what), help, operand=0, argument=str(place))


def _slice(site: Site) -> Applied | Problem:
    (x,) = site.operands
    axes = spread(site.args["index"], x.rank)
    if axes is None:
        what = f"there are more places in the brackets than axes in {show(x.shape)}"
        return _problem(what, "one place for each axis, the batch first", x.rank)
    place, batch = axes[0]
    if not (isinstance(batch, Cut) and batch.whole):
        what = f"the first axis of {show(x.shape)} is the batch, which is never cut"
        return _problem(what, "write `:` for the batch: x[:, -1] is the last step", place)
    shape = [x.shape[0]]
    for (place, entry), size in zip(axes[1:], x.shape[1:], strict=True):
        found = _length(entry, size, place)
        if isinstance(found, Problem):
            return found
        shape += [] if found is None else [found]
    causal = not _steps_first(x) or _from_the_start(axes[1][1])
    role = x.role
    if role is Role.PROBABILITIES and axes[-1][1] != Cut():
        role = Role.PROBABILITY  # some of them need not add up to one, but each is one
    # Whole steps keep their padding; those taken by number may be padding or not.
    whole = len(axes) > 1 and axes[1][1] == Cut()
    masking = Masking.KEEPS if whole else Masking.ENDS
    result = replace(x, shape=tuple(shape), role=role, causal=causal)
    return Applied({"output": result}, masking=masking)


def _steps_first(x: Tensor) -> bool:
    """Whether the axis after the batch is time: not the features of a vector."""
    return x.rank > 2 or (x.rank == 2 and (x.kind == "token" or x.shape[1].value is None))


def _from_the_start(entry: Place | Cut) -> bool:
    """Whether what is at a place of the result has been at that place, or before it."""
    if isinstance(entry, Cut):
        return entry.start in (None, 0) and entry.step in (None, 1)
    return entry == 0


def _length(entry: Place | Cut, size: Dim, place: int) -> Dim | Problem | None:
    """How long an axis is once it is cut; None if the axis is gone."""
    if isinstance(entry, Cut):
        return _cut(entry, size, place)
    if isinstance(entry, int) and size.value is not None and not -size.value <= entry < size.value:
        what = f"there is no place {entry} on an axis of {size}"
        return _problem(what, f"places go from 0 to {size.value - 1}; -1 is the last one", place)
    return None


def _cut(cut: Cut, size: Dim, place: int) -> Dim | Problem:
    ends = (cut.start or 0, cut.stop, cut.step or 1)
    if size.unknown or any(isinstance(end, Dim) for end in ends):
        return UNKNOWN
    start, stop, step = (end if isinstance(end, int) else None for end in ends)
    assert start is not None and step is not None
    if step < 1:
        help = "reverse turns the steps round: x -> reverse"
        return _problem(f"a slice goes forwards, not by {step}", help, place)
    first = Dim.of(start) + (size if start < 0 else 0)
    behind = size if stop is None else Dim.of(stop) + (size if stop < 0 else 0)
    length = behind - first
    for end in (first, behind):
        if size.value is not None and end.value is not None and not 0 <= end.value <= size.value:
            what = f"the slice reaches beyond the ends of an axis of {size}"
            return _problem(what, f"places go from 0 to {size}", place)
    if length.value is None and (length - size).value is None:
        what = f"how long the slice is depends on {size} in the wrong direction"
        return _problem(what, "count both of its ends from the same side", place)
    if length.value is not None and length.value < 1:
        return _problem("the slice is empty", "the second number is behind the last place", place)
    return length.ceil(step)


SLICE = LayerSpec(
    "slice",
    "Part of each axis: a place, which leaves the axis out, or a range of places.",
    args=(),
    inputs=(Port("input", "B ...", kind="any"),),
    rule=_slice,
    outputs="the axes that are not left out, cut",
)

# ------------------------------------------------------------------------------------- arithmetic


@dataclass(frozen=True, slots=True)
class Operand:
    """One of the values that flow in; a weight of the model, if counted from the end (-1, …)."""

    index: int


@dataclass(frozen=True, slots=True)
class Operation:
    """``left + right``, or with another operator; ``place`` numbers those of a formula."""

    operator: str
    left: Formula
    right: Formula
    place: int


@dataclass(frozen=True, slots=True)
class Opposite:
    """``-value``"""

    value: Formula


Formula = Operand | Operation | Opposite | int | float


@dataclass(frozen=True, slots=True)
class Free:
    """The shape of something that belongs to no sample: weights."""

    shape: Shape


Typed = Tensor | Free | int | float


def _arithmetic(site: Site) -> Applied | Problem:
    result = _typed(site.args["formula"], site.operands)
    if isinstance(result, Problem):
        return result
    assert isinstance(result, Tensor)  # a formula without values is a number
    return Applied({"output": result})


def _typed(formula: Formula, operands: Sequence[Tensor]) -> Typed | Problem:
    match formula:
        case Operand(index):
            return operands[index] if index >= 0 else Free(operands[index].shape)
        case Opposite(value):
            inner = _typed(value, operands)
            return replace(inner, role=_mixed(inner)) if isinstance(inner, Tensor) else inner
        case Operation():
            left, right = (_typed(side, operands) for side in (formula.left, formula.right))
            if isinstance(left, Problem):
                return left
            return right if isinstance(right, Problem) else _joined(formula, left, right)
        case _:
            return formula


def _mixed(*operands: Tensor) -> Role:
    return Role.PLAIN if all(t.role is Role.PLAIN for t in operands) else Role.MIXED


def _joined(at: Operation, left: Typed, right: Typed) -> Typed | Problem:
    if isinstance(left, int | float) and isinstance(right, Tensor):
        # What is left of a probability is the probability of the contrary.
        contrary = left == 1 and at.operator == "-" and right.role is Role.PROBABILITY
        return right if contrary else replace(right, role=_mixed(right))
    if isinstance(left, int | float):
        return right
    if isinstance(right, int | float):
        return replace(left, role=_mixed(left)) if isinstance(left, Tensor) else left
    tensors = [t for t in (left, right) if isinstance(t, Tensor)]
    if len(tensors) == 2:
        shape = _common(at.operator, left.shape, right.shape)
        help = _advice(at.operator, left.shape, right.shape)
    else:
        shape = _beside(left, right) or _beside(right, left)
        help = "a weight has the last axes of what it goes with, and no batch"
    if shape is None:
        finding = codes.DISAGREE(layer=at.operator, left=show(left.shape), right=show(right.shape))
        return Problem(finding, help, argument=str(at.place))
    if not tensors:
        return Free(shape)
    return Tensor("float", shape, role=_mixed(*tensors))


def _beside(one: Tensor | Free, weight: Tensor | Free) -> Shape | None:
    """The shape of something with a weight beside it, the same for each sample and step."""
    shape, axes = one.shape, weight.shape
    most = len(shape) - (1 if isinstance(one, Tensor) else 0)
    fits = isinstance(weight, Free) and len(axes) <= most
    return shape if fits and same_shape(shape[len(shape) - len(axes) :], axes) else None


def _common(operator: str, left: Shape, right: Shape) -> Shape | None:
    """The shape of what two values give; None if they do not go together.

    One of the two has it. Where the other has one step only, that stands for all steps; where it
    has one feature only, it weighs them all, so the operator is one that weighs.
    """
    if len(left) != len(right):
        return None
    for wide, narrow in ((left, right), (right, left)):
        axes = list(zip(wide, narrow, strict=True))
        last = len(axes) - 1
        if all(
            a.agrees(b) or (b.value == 1 and axis and (axis < last or operator in "*/"))
            for axis, (a, b) in enumerate(axes)
        ):
            return wide
    return None


def _advice(operator: str, left: Shape, right: Shape) -> str:
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    if len(longer) == len(shorter) + 1 and shorter[1:] == longer[2:]:
        return f"to have it at each step, repeat it: `… -> repeat({longer[1]})`"
    if len(left) == len(right) and Dim.of(1) in (left[-1], right[-1]) and operator in "+-":
        return "one number goes with all features only where it weighs them, by `*` or `/`"
    return "both have the same shape; dimensions are equal if they have one name"


ARITHMETIC = LayerSpec(
    "arithmetic",
    "Sums, differences, products and quotients of values and numbers.",
    args=(),
    inputs=(Port("inputs", "...", variadic=True, least=1),),
    rule=_arithmetic,
    outputs="the operands' shape",
    masking=Masking.JOINS,
)


def _weight(site: Site) -> Applied:
    return Applied({"output": Tensor("float", site.args["shape"])})


WEIGHT = LayerSpec(
    "weight",
    "A weight of a model's own.",
    args=(),
    inputs=(Port("none", "..."),),
    rule=_weight,
    outputs="its shape, the same for all samples",
    weights=(Weight("value", "shape", "initializer", tied=True),),
)

FORMS = {spec.name: spec for spec in (SLICE, ARITHMETIC, WEIGHT)}
