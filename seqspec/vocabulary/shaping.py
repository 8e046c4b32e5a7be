"""Layers that only rearrange or join."""

from __future__ import annotations

from dataclasses import replace

from seqspec.shapes.dim import Dim, product, same_shape, show
from seqspec.types import Role, Tensor
from seqspec.vocabulary.rules import sizes_of
from seqspec.vocabulary.spec import SIZE, Applied, Arg, Kind, LayerSpec, Port, Problem, Site


def _repeat(site: Site) -> Applied:
    (x,) = site.operands
    batch, *rest = x.shape
    return Applied({"output": replace(x, shape=(batch, sizes_of(site)["n"], *rest))})


REPEAT = LayerSpec(
    "repeat",
    "The same vector at each of n steps.",
    args=(Arg("n", SIZE, doc="How many steps."),),
    inputs=(Port("input", "B F", kind="any", meaning="one vector for each sample"),),
    rule=_repeat,
    outputs="[B, n, F]",
    aliases=("RepeatVector", "repeat_vector"),
    examples=("repeat(3)",),
)


def _flatten(site: Site) -> Applied:
    (x,) = site.operands
    # Merging the time axis puts every step into one place: what follows sees all of them.
    flat = (x.shape[0], product(x.shape[1:]))
    causal = x.causal and x.rank <= 2
    return Applied({"output": replace(x, shape=flat, role=Role.PLAIN, causal=causal)})


FLATTEN = LayerSpec(
    "flatten",
    "All axes but the batch merged into one.",
    args=(),
    inputs=(Port("input", "B ...", kind="any"),),
    rule=_flatten,
    outputs="[B, product of the rest]",
    aliases=("Flatten",),
    examples=("flatten",),
)


def _join(site: Site, *, free_axis: int | None) -> Applied | Problem:
    first, *others = site.operands
    width = first.shape[free_axis] if free_axis is not None else Dim()
    for index, other in enumerate(others, 1):
        shape = list(other.shape)
        if free_axis is not None and len(shape) == first.rank:
            width = width + shape[free_axis]
            shape[free_axis] = first.shape[free_axis]
        if not same_shape(first.shape, tuple(shape)):
            slots = {"layer": site.spec.name, "left": show(first.shape), "right": show(other.shape)}
            return Problem("DISAGREE", slots, help=_join_help(free_axis), operand=index)
    shape = list(first.shape)
    if free_axis is not None:
        shape[free_axis] = width
    causal = all(t.causal for t in site.operands)
    return Applied({"output": Tensor("float", tuple(shape), causal=causal)})


def _join_help(free_axis: int | None) -> str:
    if free_axis is None:
        return (
            "the operands of a sum have the same shape; dimensions are equal if they have one name"
        )
    return "all axes but the joined one must be equal; dimensions are equal if they have one name"


def _concat(site: Site) -> Applied | Problem:
    axis = site.args["axis"]
    rank = site.operands[0].rank
    if not -rank < axis < rank or axis == 0:
        slots = {
            "what": f"`axis={axis}` of `concat` is not an axis of {show(site.operands[0].shape)}"
        }
        return Problem("FORBIDDEN_VALUE", slots, help="the batch cannot be joined", argument="axis")
    return _join(site, free_axis=axis)


_OPERANDS = Port("inputs", "B ...", variadic=True)

CONCAT = LayerSpec(
    "concat",
    "Operands side by side along an axis.",
    args=(
        Arg(
            "axis",
            Kind(
                "a whole number",
                lambda v: isinstance(v, int) and not isinstance(v, bool),
                samples=(-1, 1),
            ),
            -1,
            "The axis that grows: 1 is time, -1 the features.",
        ),
    ),
    inputs=(_OPERANDS,),
    rule=_concat,
    outputs="the operands' shape, longer along the axis",
    aliases=("concatenate", "Concatenate"),
    examples=("concat(x, x)",),
)

ADD = LayerSpec(
    "add",
    "The sum of operands of the same shape.",
    args=(),
    inputs=(_OPERANDS,),
    rule=lambda site: _join(site, free_axis=None),
    outputs="the operands' shape",
    aliases=("Add", "sum"),
    examples=("add(x, x)",),
)
