"""Layers that only rearrange: nothing is computed, numbers change places."""

from __future__ import annotations

from dataclasses import replace

from seqspec.shapes.dim import Dim, Shape, product, show
from seqspec.types import Role
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.rules import refused, sizes_of
from seqspec.vocabulary.spec import (
    AXES,
    ENDS,
    SHAPE,
    SIZE,
    Applied,
    Arg,
    LayerSpec,
    Port,
    Problem,
    Site,
    ends,
)


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
    causal = x.rank <= 2
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


def _reverse(site: Site) -> Applied:
    (x,) = site.operands
    return Applied({"output": replace(x, role=Role.PLAIN, causal=False)})


REVERSE = LayerSpec(
    "reverse",
    "The steps in reverse order, the last one first.",
    args=(),
    inputs=(Port("input", "B T ...", kind="any"),),
    rule=_reverse,
    turns=lambda _: True,
    outputs="the input's shape",
    masking=Masking.FLIPS,
    aliases=("flip", "reversed", "Flip"),
    examples=("reverse",),
)


def _permute(site: Site) -> Applied | Problem:
    (x,) = site.operands
    dims: tuple[int, ...] = site.args["dims"]
    axes = tuple(range(1, x.rank))
    if tuple(sorted(dims)) != axes:
        named = ", ".join(map(str, axes))
        return refused(
            f"`dims=[{', '.join(map(str, dims))}]` does not say where each axis of "
            f"{show(x.shape)} goes",
            f"write each of {named} once, in the new order; the batch, axis 0, stays",
            "dims",
        )
    shape = (x.shape[0], *(x.shape[d] for d in dims))
    causal = dims == axes
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN, causal=causal)})


PERMUTE = LayerSpec(
    "permute",
    "The axes after the batch in another order.",
    args=(Arg("dims", AXES, doc="The old axis at each place; 1 is the one after the batch."),),
    inputs=(Port("input", "B T ...", kind="any"),),
    rule=_permute,
    outputs="the input's axes in the order of dims",
    aliases=("Permute", "transpose", "swap_axes"),
    examples=("permute([2, 1])",),
)


def _reshape(site: Site) -> Applied | Problem:
    (x,) = site.operands
    given: tuple[Dim | int, ...] = site.args["target_shape"]
    shape = _fitted(given, product(x.shape[1:]))
    written = "[" + ", ".join(map(str, given)) + "]"
    if shape is None:
        return refused(
            f"`target_shape={written}` does not hold the numbers of {show(x.shape[1:])}",
            f"the sizes multiply to {product(x.shape[1:])}; -1 stands for what is left, once",
            "target_shape",
        )
    if sum(d.value is None for d in shape) > 1:
        return refused(
            f"`target_shape={written}` has more than one size that only data gives",
            "frameworks reshape to one open size: give all others as numbers",
            "target_shape",
        )
    # Steps are what they were as long as their axis is; otherwise one may hold later ones.
    causal = x.rank > 1 and shape[0].agrees(x.shape[1])
    whole = (x.shape[0], *shape)
    return Applied({"output": replace(x, shape=whole, role=Role.PLAIN, causal=causal)})


def _fitted(given: tuple[Dim | int, ...], total: Dim) -> Shape | None:
    """The sizes with the one that is left out; None if they do not hold ``total`` numbers."""
    known = product(Dim.of(d) for d in given if d != -1)
    left = total.divided(known)
    if left is None or given.count(-1) > 1 or (-1 not in given and not left.agrees(Dim.of(1))):
        return None
    return tuple(left if d == -1 else Dim.of(d) for d in given)


RESHAPE = LayerSpec(
    "reshape",
    "The same numbers in the same order, in other axes.",
    args=(Arg("target_shape", SHAPE, doc="The sizes after the batch; -1 is what is left, once."),),
    inputs=(Port("input", "B ...", kind="any"),),
    rule=_reshape,
    outputs="[B, *target_shape]",
    aliases=("Reshape", "view", "unflatten"),
    examples=("reshape([-1, 1])",),
)

_STEPS = Port("input", "B T F", meaning="a sequence")


def _crop(site: Site) -> Applied | Problem:
    (x,) = site.operands
    first, last = ends(site.args["cropping"])
    batch, steps, *rest = x.shape
    if steps.value is not None and first + last >= steps.value:
        return refused(
            f"`cropping_1d` takes away {first + last} of {steps} steps",
            "leave at least one step",
            "cropping",
        )
    # Without the first steps, each of the others stands earlier than it was known.
    shape = (batch, steps - (first + last), *rest)
    causal = first == 0
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN, causal=causal)})


CROPPING_1D = LayerSpec(
    "cropping_1d",
    "Leaves out steps at the beginning and at the end.",
    args=(Arg("cropping", ENDS, 1, "How many steps at either end, or [before, after]."),),
    inputs=(_STEPS,),
    rule=_crop,
    outputs="[B, T - before - after, F]",
    aliases=("Cropping1D", "crop", "cropping", "slice"),
    examples=("cropping_1d", "cropping_1d([1, 0])"),
)


def _pad(site: Site) -> Applied:
    (x,) = site.operands
    batch, steps, *rest = x.shape
    shape = (batch, steps + sum(ends(site.args["padding"])), *rest)
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN)})


ZERO_PADDING_1D = LayerSpec(
    "zero_padding_1d",
    "Adds steps of zeros at the beginning and at the end.",
    args=(Arg("padding", ENDS, 1, "How many steps at either end, or [before, after]."),),
    inputs=(_STEPS,),
    rule=_pad,
    outputs="[B, T + before + after, F]",
    aliases=("ZeroPadding1D", "pad", "zero_padding", "padding"),
    examples=("zero_padding_1d", "zero_padding_1d([2, 0])"),
)
