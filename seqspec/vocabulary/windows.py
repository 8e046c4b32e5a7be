"""Layers that look at several neighbouring steps at once: convolution and pooling."""

from __future__ import annotations

from dataclasses import replace

from seqspec.shapes.dim import Dim
from seqspec.types import Role, Tensor
from seqspec.vocabulary.activations import ACTIVATION
from seqspec.vocabulary.constraints import bounded
from seqspec.vocabulary.initializers import INITIALIZER
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.regularizers import ACTIVITY, penalised
from seqspec.vocabulary.rules import default_setting, own_weights, refused
from seqspec.vocabulary.spec import (
    BOOL,
    POSITIVE,
    WIDTH,
    Applied,
    Arg,
    Kind,
    LayerSpec,
    Port,
    Problem,
    Site,
    Weight,
    choice,
)

_STEPS = Port("input", "B T F", meaning="a sequence")
# Values that fit few others (strides, widths): the examples try them.
_RARELY_MORE = Kind(POSITIVE.describe, POSITIVE.accepts, samples=(1,))


def _windows(site: Site, reach: int, stride: int) -> Dim | Problem:
    """How many windows of ``reach`` steps begin at each ``stride``-th step."""
    steps = site.sizes["T"]
    if site.args["padding"] != "valid":
        return steps.ceil(stride)
    if steps.value is not None and steps.value < reach:
        return refused(
            f"a window of {reach} steps does not fit into {steps}",
            "make the window shorter, or write padding=same to go beyond the ends",
        )
    return (steps - (reach - 1)).ceil(stride)


# ------------------------------------------------------------------------------------ convolution


def _convolve(site: Site) -> Applied | Problem:
    (x,) = site.operands
    batch, _, width = x.shape
    filters, kernel = site.args["filters"], site.args["kernel_size"]
    strides, dilation = site.args["strides"], site.args["dilation_rate"]
    groups = site.args["groups"]
    if strides > 1 and dilation > 1:
        return refused(
            "`strides` and `dilation_rate` of `conv_1d` cannot both be above one",
            "leave one of them out",
            "dilation_rate",
        )
    share, each = width.divided(Dim.of(groups)), Dim.of(filters).divided(Dim.of(groups))
    odd = each is None and Dim.of(filters).value is not None
    if odd or (share is None and width.value is not None):
        wide = f"{filters} filters" if odd else f"{width} features"
        return refused(
            f"{wide} do not go into {groups} groups",
            f"`groups` divides both the {width} features and the {filters} filters",
            "groups",
        )
    reach = (kernel - 1) * dilation + 1
    steps = _windows(site, reach, strides)
    if isinstance(steps, Problem):
        return steps
    back = site.args["padding"] == "causal" or reach == 1
    role = site.args["activation"].entry.facts["role"]
    result = Tensor(
        "float",
        (batch, steps, Dim.of(filters)),
        role=role,
        causal=back and strides == 1,
    )
    sizes = {**site.sizes, "F/groups": width if share is None else share}
    return Applied({"output": result}, weights=own_weights(replace(site, sizes=sizes)))


CONV_1D = LayerSpec(
    "conv_1d",
    "Convolution over time: the same dense layer on each window of neighbouring steps.",
    args=(
        Arg("filters", WIDTH, doc="Width of the output."),
        Arg("kernel_size", POSITIVE, doc="How many steps a window has."),
        Arg("strides", POSITIVE, 1, "From the start of a window to that of the next."),
        Arg(
            "padding",
            choice("valid", "same", "causal"),
            "valid",
            "Windows inside the sequence only, centred on each step, or ending with each step.",
        ),
        Arg(
            "dilation_rate",
            _RARELY_MORE,
            1,
            "From a step of a window to its next; above one only without strides.",
        ),
        Arg(
            "groups",
            _RARELY_MORE,
            1,
            "Parts of the features that are kept apart; it divides features and filters.",
        ),
        Arg("activation", ACTIVATION, default_setting("activation", "linear"), "Of the result."),
        Arg("use_bias", BOOL, True, "Whether there is a bias."),
        Arg(
            "kernel_initializer",
            INITIALIZER,
            default_setting("initializer", "glorot_uniform"),
            "For the weights.",
        ),
        Arg(
            "bias_initializer",
            INITIALIZER,
            default_setting("initializer", "zeros"),
            "For the bias.",
        ),
        penalised("kernel_regularizer", "What the weights cost."),
        penalised("bias_regularizer", "What the bias costs."),
        ACTIVITY,
        bounded("kernel_constraint", "Bounds of the weights."),
        bounded("bias_constraint", "Bounds of the bias."),
    ),
    inputs=(_STEPS,),
    rule=_convolve,
    outputs="[B, windows, filters]: ceil((T - reach + 1)/strides) windows if valid, "
    "else ceil(T/strides); reach is (kernel_size - 1)*dilation_rate + 1",
    weights=(
        Weight("kernel", "kernel_size F/groups filters", "kernel_initializer"),
        Weight("bias", "filters", "bias_initializer", when=lambda a: a["use_bias"]),
    ),
    reach=lambda args: (args["kernel_size"] - 1) * args["dilation_rate"],
    aliases=("Conv1D", "conv", "conv1d", "Conv1d", "convolution", "convolution_1d"),
    examples=(
        "conv_1d(4, 3)",
        "conv_1d(4, 3, padding=same, dilation_rate=2)",
        "conv_1d(4, 2, padding=causal, dilation_rate=3)",
        "conv_1d(26, 3, groups=13, strides=2, padding=same)",
    ),
)


# ---------------------------------------------------------------------------------------- pooling


def _pool(site: Site) -> Applied | Problem:
    (x,) = site.operands
    size = site.args["pool_size"]
    steps = _windows(site, size, site.args["strides"] or size)
    if isinstance(steps, Problem):
        return steps
    shape = (x.shape[0], steps, x.shape[2])
    return Applied({"output": Tensor("float", shape, causal=False)})


def _pooling(name: str, summary: str, keras: str, *aliases: str) -> LayerSpec:
    return LayerSpec(
        name,
        summary,
        args=(
            Arg("pool_size", POSITIVE, 2, "How many steps a window has."),
            Arg("strides", POSITIVE, None, "From window to window; pool_size if left out."),
            Arg(
                "padding",
                choice("valid", "same"),
                "valid",
                "Windows inside the sequence only, or as many as begin inside it.",
            ),
        ),
        inputs=(_STEPS,),
        rule=_pool,
        outputs="[B, windows, F]: ceil((T - pool_size + 1)/strides) windows if valid, "
        "else ceil(T/strides)",
        aliases=(keras, *aliases),
        examples=(name, f"{name}(3, strides=2, padding=same)"),
    )


MAX_POOLING_1D = _pooling(
    "max_pooling_1d",
    "The largest number of each feature in each window of steps.",
    "MaxPooling1D",
    *("MaxPool1D", "max_pool", "max_pool_1d", "max_pooling", "MaxPool1d"),
)
AVERAGE_POOLING_1D = _pooling(
    "average_pooling_1d",
    "The mean of each feature over each window of steps, those beyond the ends left out.",
    "AveragePooling1D",
    *("AveragePool1D", "avg_pool", "average_pool_1d", "average_pooling", "AvgPool1d"),
)


def _over_all_steps(
    name: str, summary: str, *aliases: str, masking: Masking = Masking.ENDS
) -> LayerSpec:
    return LayerSpec(
        name,
        summary,
        args=(),
        inputs=(_STEPS,),
        rule=lambda site: Applied(
            {"output": Tensor("float", (site.sizes["B"], site.sizes["F"]), causal=False)}
        ),
        outputs="[B, F]",
        masking=masking,
        aliases=aliases,
        examples=(name,),
    )


GLOBAL_MAX_POOLING_1D = _over_all_steps(
    "global_max_pooling_1d",
    "The largest number of each feature over all steps.",
    *("GlobalMaxPooling1D", "GlobalMaxPool1D", "global_max_pool", "global_max_pooling"),
)
GLOBAL_AVERAGE_POOLING_1D = _over_all_steps(
    "global_average_pooling_1d",
    "The mean of each feature over all steps.",
    *("GlobalAveragePooling1D", "GlobalAveragePool1D", "global_avg_pool", "global_average_pooling"),
    masking=Masking.CONSUMES,
)


def _upsample(site: Site) -> Applied:
    (x,) = site.operands
    batch, steps, width = x.shape
    shape = (batch, steps * site.args["size"], width)
    return Applied({"output": replace(x, shape=shape, role=Role.PLAIN)})


UPSAMPLING_1D = LayerSpec(
    "upsampling_1d",
    "Each step several times, one after the other.",
    args=(Arg("size", POSITIVE, 2, "How many times."),),
    inputs=(_STEPS,),
    rule=_upsample,
    outputs="[B, T*size, F]",
    aliases=("UpSampling1D", "upsample", "upsampling", "Upsample", "repeat_steps"),
    examples=("upsampling_1d(3)",),
)
