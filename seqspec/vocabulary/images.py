"""Layers that look at neighbouring pixels at once: convolution and pooling; and edges."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from seqspec.shapes.dim import Dim
from seqspec.types import Role, Tensor
from seqspec.vocabulary.activations import function
from seqspec.vocabulary.constraints import bounded
from seqspec.vocabulary.initializers import drawn
from seqspec.vocabulary.regularizers import ACTIVITY, penalised
from seqspec.vocabulary.rules import own_weights, refused
from seqspec.vocabulary.spec import (
    BOOL,
    ENDS,
    POSITIVE,
    SIDES,
    WHOLE,
    Applied,
    Arg,
    Kind,
    LayerSpec,
    Port,
    Problem,
    Site,
    Weight,
    choice,
    ends,
)

_IMAGES = Port("input", "B H W C", meaning="images")
_PADDING = Arg(
    "padding",
    choice("valid", "same"),
    "valid",
    "Windows inside the image only, or as many as begin inside it.",
)
# Values that fit few others: the examples try them.
_RARELY_MORE = Kind(SIDES.describe, SIDES.accepts, samples=(1,), items=POSITIVE)
_RARELY_GROUPS = Kind(POSITIVE.describe, POSITIVE.accepts, samples=(1,))


def _windows(site: Site, reach: tuple[int, ...], strides: tuple[int, ...]) -> list[Dim] | Problem:
    """How many windows begin at each stride-th row and column."""
    sizes = (site.sizes["H"], site.sizes["W"])
    if site.args["padding"] == "same":
        return [size.ceil(stride) for size, stride in zip(sizes, strides, strict=True)]
    for size, length, what in zip(sizes, reach, ("rows", "columns"), strict=True):
        if size.value is not None and size.value < length:
            return refused(
                f"a window of {length} {what} does not fit into {size}",
                "make the window smaller, or write padding=same to go beyond the edges",
            )
    triples = zip(sizes, reach, strides, strict=True)
    return [(size - (length - 1)).ceil(stride) for size, length, stride in triples]


# ------------------------------------------------------------------------------------ convolution


def _convolve(site: Site) -> Applied | Problem:
    (x,) = site.operands
    width, filters, groups = site.sizes["C"], site.args["filters"], site.args["groups"]
    kernel, strides, dilation = (
        ends(site.args[name]) for name in ("kernel_size", "strides", "dilation_rate")
    )
    if max(strides) > 1 and max(dilation) > 1:
        return refused(
            "`strides` and `dilation_rate` of `conv_2d` cannot both be above one",
            "leave one of them out",
            "dilation_rate",
        )
    share = width.divided(Dim.of(groups))
    if filters % groups or (share is None and width.value is not None):
        wide = f"{filters} filters" if filters % groups else f"{width} channels"
        return refused(
            f"{wide} do not go into {groups} groups",
            f"`groups` divides both the {width} channels and the {filters} filters",
            "groups",
        )
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    sizes = _windows(site, reach, strides)
    if isinstance(sizes, Problem):
        return sizes
    result = Tensor(
        "float",
        (x.shape[0], *sizes, Dim.of(filters)),
        role=site.args["activation"].entry.facts["role"],
        causal=reach[0] == strides[0] == 1,
    )
    rows, columns = (Dim.of(k) for k in kernel)
    known = {"KH": rows, "KW": columns, "C/groups": width if share is None else share}
    weights = own_weights(replace(site, sizes={**site.sizes, **known}))
    return Applied({"output": result}, weights=weights)


CONV_2D = LayerSpec(
    "conv_2d",
    "Convolution over images: the same dense layer on each window of neighbouring pixels.",
    args=(
        Arg("filters", POSITIVE, doc="Channels of the output."),
        Arg("kernel_size", SIDES, doc="Rows and columns of a window, or [rows, columns]."),
        Arg("strides", _RARELY_MORE, 1, "From the start of a window to that of the next."),
        _PADDING,
        Arg(
            "dilation_rate",
            _RARELY_MORE,
            1,
            "From a pixel of a window to its next; above one only without strides.",
        ),
        Arg(
            "groups",
            _RARELY_GROUPS,
            1,
            "Parts of the channels that are kept apart; it divides channels and filters.",
        ),
        function("activation", "linear", "Of the result."),
        Arg("use_bias", BOOL, True, "Whether there is a bias."),
        drawn("kernel_initializer", "glorot_uniform", "For the weights."),
        drawn("bias_initializer", "zeros", "For the bias."),
        penalised("kernel_regularizer", "What the weights cost."),
        penalised("bias_regularizer", "What the bias costs."),
        ACTIVITY,
        bounded("kernel_constraint", "Bounds of the weights."),
        bounded("bias_constraint", "Bounds of the bias."),
    ),
    inputs=(_IMAGES,),
    rule=_convolve,
    outputs="[B, rows, columns, filters]: ceil((H - reach + 1)/strides) rows if valid, "
    "else ceil(H/strides), and columns likewise; reach is (kernel_size - 1)*dilation_rate + 1",
    weights=(
        Weight("kernel", "KH KW C/groups filters", "kernel_initializer"),
        Weight("bias", "filters", "bias_initializer", when=lambda a: a["use_bias"]),
    ),
    aliases=("Conv2D", "conv2d", "Conv2d", "convolution_2d"),
    examples=(
        "conv_2d(4, 3)",
        "conv_2d(4, [1, 3], strides=2)",
        "conv_2d(4, [4, 3], padding=same, dilation_rate=[2, 1])",
        "conv_2d(26, [2, 3], groups=13, strides=2, padding=same)",
        "conv_2d(4, 2, padding=same, activation=relu)",
    ),
)


# ---------------------------------------------------------------------------------------- pooling


def _pool(site: Site) -> Applied | Problem:
    (x,) = site.operands
    size = ends(site.args["pool_size"])
    strides = ends(site.args["strides"] or size)
    sizes = _windows(site, size, strides)
    if isinstance(sizes, Problem):
        return sizes
    causal = size[0] == strides[0] == 1
    return Applied({"output": Tensor("float", (x.shape[0], *sizes, x.shape[3]), causal=causal)})


def _pooling(name: str, summary: str, *aliases: str) -> LayerSpec:
    return LayerSpec(
        name,
        summary,
        args=(
            Arg("pool_size", SIDES, 2, "Rows and columns of a window, or [rows, columns]."),
            Arg("strides", SIDES, None, "From window to window; pool_size if left out."),
            _PADDING,
        ),
        inputs=(_IMAGES,),
        rule=_pool,
        outputs="[B, rows, columns, C]: ceil((H - pool_size + 1)/strides) rows if valid, "
        "else ceil(H/strides), and columns likewise",
        aliases=aliases,
        examples=(name, f"{name}([1, 3], strides=2, padding=same)"),
    )


MAX_POOLING_2D = _pooling(
    "max_pooling_2d",
    "The largest number of each channel in each window of pixels.",
    *("MaxPooling2D", "MaxPool2D", "MaxPool2d", "max_pool_2d", "maxpool2d"),
)
AVERAGE_POOLING_2D = _pooling(
    "average_pooling_2d",
    "The mean of each channel over each window of pixels, those beyond the edges left out.",
    *("AveragePooling2D", "AveragePool2D", "AvgPool2d", "average_pool_2d", "avgpool2d"),
)


def _over_all_pixels(name: str, summary: str, *aliases: str) -> LayerSpec:
    return LayerSpec(
        name,
        summary,
        args=(),
        inputs=(_IMAGES,),
        rule=lambda site: Applied(
            {"output": Tensor("float", (site.sizes["B"], site.sizes["C"]), causal=False)}
        ),
        outputs="[B, C]",
        aliases=aliases,
        examples=(name,),
    )


GLOBAL_MAX_POOLING_2D = _over_all_pixels(
    "global_max_pooling_2d",
    "The largest number of each channel over all pixels.",
    *("GlobalMaxPooling2D", "GlobalMaxPool2D", "AdaptiveMaxPool2d"),
)
GLOBAL_AVERAGE_POOLING_2D = _over_all_pixels(
    "global_average_pooling_2d",
    "The mean of each channel over all pixels.",
    *("GlobalAveragePooling2D", "GlobalAveragePool2D", "AdaptiveAvgPool2d"),
)


# ------------------------------------------------------------------------------------------ edges


EDGES = Kind(
    "a whole number, two such as [1, 0], or [top, bottom, left, right]",
    lambda v: ENDS.accepts(v) or (isinstance(v, tuple) and _four(cast("tuple[object, ...]", v))),
    samples=(1, (2, 0), (0, 1, 2, 0)),
    items=WHOLE,
)


def _four(values: tuple[object, ...]) -> bool:
    return len(values) == 4 and all(map(WHOLE.accepts, values))


def edges(value: int | tuple[int, ...]) -> tuple[int, int, int, int]:
    """Numbers for top, bottom, left and right: what an argument of the kind EDGES says."""
    if isinstance(value, tuple) and len(value) == 4:
        return value
    rows, columns = ends(value)
    return rows, rows, columns, columns


def _crop(site: Site) -> Applied | Problem:
    (x,) = site.operands
    top, bottom, left, right = edges(site.args["cropping"])
    batch, rows, columns, channels = x.shape
    for size, taken, what in ((rows, top + bottom, "rows"), (columns, left + right, "columns")):
        if size.value is not None and taken >= size.value:
            return refused(
                f"`cropping_2d` takes away {taken} of {size} {what}",
                "leave at least one row and one column",
                "cropping",
            )
    shape = (batch, rows - (top + bottom), columns - (left + right), channels)
    # Without the first rows, each of the others stands earlier than it was known.
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN, causal=top == 0)})


CROPPING_2D = LayerSpec(
    "cropping_2d",
    "Leaves out rows and columns at the edges.",
    args=(Arg("cropping", EDGES, 1, "Pixels at all edges, [rows, columns], or at each edge."),),
    inputs=(_IMAGES,),
    rule=_crop,
    outputs="[B, H - top - bottom, W - left - right, C]",
    aliases=("Cropping2D",),
    examples=("cropping_2d", "cropping_2d([1, 0, 0, 2])"),
)


def _pad(site: Site) -> Applied:
    (x,) = site.operands
    top, bottom, left, right = edges(site.args["padding"])
    batch, rows, columns, channels = x.shape
    shape = (batch, rows + (top + bottom), columns + (left + right), channels)
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN)})


ZERO_PADDING_2D = LayerSpec(
    "zero_padding_2d",
    "Adds rows and columns of zeros at the edges.",
    args=(Arg("padding", EDGES, 1, "Pixels at all edges, [rows, columns], or at each edge."),),
    inputs=(_IMAGES,),
    rule=_pad,
    outputs="[B, H + top + bottom, W + left + right, C]",
    aliases=("ZeroPadding2D", "ZeroPad2d"),
    examples=("zero_padding_2d", "zero_padding_2d([2, 0, 1, 0])"),
)
