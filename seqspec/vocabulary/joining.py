"""Layers that make one value of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqspec.diagnostics import codes
from seqspec.shapes.dim import Dim, same_shape, show
from seqspec.types import Role, Tensor
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.rules import refused
from seqspec.vocabulary.spec import Applied, Arg, Kind, LayerSpec, Port, Problem, Site


def _join(site: Site, *, free_axis: int | None) -> Applied | Problem:
    first, *others = site.operands
    width = first.shape[free_axis] if free_axis is not None else Dim()
    for index, other in enumerate(others, 1):
        shape = list(other.shape)
        if free_axis is not None and len(shape) == first.rank:
            width = width + shape[free_axis]
            shape[free_axis] = first.shape[free_axis]
        if not same_shape(first.shape, tuple(shape)):
            finding = codes.DISAGREE(
                layer=site.spec.name, left=show(first.shape), right=show(other.shape)
            )
            return Problem(finding, _join_help(free_axis), operand=index)
    shape = list(first.shape)
    if free_axis is not None:
        shape[free_axis] = width
    role = joined_role(site.spec.name, site.operands)
    return Applied({"output": Tensor("float", tuple(shape), role=role)})


#: what keeps probabilities what they are
_KEEPS = {
    "average": (Role.PROBABILITY, Role.PROBABILITIES),
    **dict.fromkeys(("concat", "maximum", "minimum"), (Role.PROBABILITY,)),
}


def joined_role(how: str, operands: Sequence[Tensor]) -> Role:
    """What numbers mean that were made of several."""
    roles = {t.role for t in operands}
    if roles == {Role.PLAIN}:
        return Role.PLAIN
    kept = roles.pop() if len(roles) == 1 else Role.MIXED
    return kept if kept in _KEEPS.get(how, ()) else Role.MIXED


def _join_help(free_axis: int | None) -> str:
    if free_axis is None:
        return "all operands have the same shape; dimensions are equal if they have one name"
    return "all axes but the joined one must be equal; dimensions are equal if they have one name"


def _concat(site: Site) -> Applied | Problem:
    axis = site.args["axis"]
    rank = site.operands[0].rank
    if not -rank < axis < rank or axis == 0:
        what = f"`axis={axis}` of `concat` is not an axis of {show(site.operands[0].shape)}"
        return refused(what, "the batch cannot be joined", "axis")
    joined = _join(site, free_axis=axis)
    in_time = isinstance(joined, Applied) and axis % rank == 1
    return replace(joined, masking=Masking.APPENDS) if in_time else joined


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
    masking=Masking.JOINS,
    aliases=("concatenate", "Concatenate"),
    examples=("concat(x, x)",),
)


def _elementwise(name: str, summary: str, *aliases: str, ports: tuple[Port, ...]) -> LayerSpec:
    return LayerSpec(
        name,
        summary,
        args=(),
        inputs=ports,
        rule=lambda site: _join(site, free_axis=None),
        outputs="the operands' shape",
        masking=Masking.JOINS,
        aliases=aliases,
        examples=(f"{name}(x, x)",),
    )


ADD = _elementwise(
    "add",
    "The sum of operands of the same shape.",
    "Add",
    "sum",
    "plus",
    ports=(_OPERANDS,),
)
SUBTRACT = _elementwise(
    "subtract",
    "The first operand less the second.",
    "Subtract",
    "minus",
    "sub",
    "difference",
    ports=(Port("left", "B ..."), Port("right", "B ...")),
)
MULTIPLY = _elementwise(
    "multiply",
    "The product of operands of the same shape, number by number.",
    "Multiply",
    "mul",
    "product",
    "gate",
    ports=(_OPERANDS,),
)
AVERAGE = _elementwise(
    "average",
    "The mean of operands of the same shape, number by number.",
    "Average",
    "mean",
    ports=(_OPERANDS,),
)
MAXIMUM = _elementwise(
    "maximum",
    "The largest of operands of the same shape, number by number.",
    "Maximum",
    "max",
    ports=(_OPERANDS,),
)
MINIMUM = _elementwise(
    "minimum",
    "The smallest of operands of the same shape, number by number.",
    "Minimum",
    "min",
    ports=(_OPERANDS,),
)
