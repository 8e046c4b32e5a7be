"""Layers that treat each step, or each number, on its own."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.shapes.dim import same_shape, show
from seqspec.shapes.pattern import fill
from seqspec.types import Role, Tensor
from seqspec.vocabulary.activations import ACTIVATION, function
from seqspec.vocabulary.constraints import bounded
from seqspec.vocabulary.initializers import drawn
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.regularizers import ACTIVITY, penalised
from seqspec.vocabulary.rules import (
    activated,
    by_pattern,
    own_weights,
    refused,
    sizes_of,
    unchanged,
)
from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    BOOL,
    DIMENSION,
    FRACTION,
    LAYER,
    NOT_NEGATIVE,
    POSITIVE,
    WEIGHT,
    WIDTH,
    Applied,
    Arg,
    Kind,
    LayerSpec,
    Port,
    Problem,
    Site,
    Tie,
    Weight,
)

_ANY = Port("input", "B ...")


def _densely(site: Site) -> Applied | Problem:
    kernel = site.args["kernel"]
    applied = by_pattern("B ... units")(site)
    if not isinstance(kernel, Tie) or isinstance(applied, Problem):
        return applied
    if site.args["kernel_initializer"].name != "glorot_uniform":
        return refused(
            "`kernel_initializer` has nothing to fill: `kernel` is a weight of another layer",
            "leave it out",
            "kernel_initializer",
        )
    needed = fill("F units", sizes_of(site))
    if same_shape(kernel.shape, needed):
        return applied
    finding = codes.BAD_TIE(
        what=f"the kernel of this `dense` is {show(needed)}, but the weight is {show(kernel.shape)}"
    )
    help = "one weight serves layers whose widths fit"
    if same_shape(kernel.shape[::-1], needed):
        help = "leave out transpose" if kernel.transposed else "write transpose(…) around it"
    return Problem(finding, help, 0, "kernel")


DENSE = LayerSpec(
    "dense",
    "A fully connected layer on the last axis, the same at each step.",
    args=(
        Arg("units", WIDTH, doc="Width of the output."),
        function("activation", "linear", "Function of the result."),
        Arg("use_bias", BOOL, True, "Whether there is a bias."),
        drawn("kernel_initializer", "glorot_uniform", "For the weights."),
        drawn("bias_initializer", "zeros", "For the bias."),
        penalised("kernel_regularizer", "What the weights cost."),
        penalised("bias_regularizer", "What the bias costs."),
        ACTIVITY,
        bounded("kernel_constraint", "Bounds of the weights."),
        bounded("bias_constraint", "Bounds of the bias."),
        Arg("kernel", WEIGHT, None, "A weight of another layer to use instead of one of its own."),
    ),
    inputs=(Port("input", "B ... F"),),
    rule=_densely,
    outputs="[B, ..., units]",
    weights=(
        Weight(
            "kernel",
            "F units",
            "kernel_initializer",
            when=lambda a: a["kernel"] is None,
            tied=True,
        ),
        Weight("bias", "units", "bias_initializer", when=lambda a: a["use_bias"]),
    ),
    masking=Masking.KEEPS,
    aliases=("Dense", "linear", "fully_connected"),
    examples=("dense(4)", "dense(4, activation=relu)"),
)


def _embed(site: Site) -> Applied | Problem:
    (tokens,) = site.operands
    if tokens.bound is None:
        finding = codes.BAD_TYPE(what="`embedding` needs to know how many tokens there are")
        return Problem(finding, "give the bound in the type: token(1000)[B, T]", operand=0)
    wider = Site(site.spec, site.args, site.operands, {**site.sizes, "V": tokens.bound}, site.rest)
    return by_pattern("B ... output_dim")(wider)


EMBEDDING = LayerSpec(
    "embedding",
    "A vector for each token; as many as the token's type has ids.",
    args=(
        Arg("output_dim", WIDTH, doc="Width of a vector."),
        drawn("embeddings_initializer", "uniform", "For the vectors."),
        penalised("embeddings_regularizer", "What the vectors cost."),
        ACTIVITY,
        bounded("embeddings_constraint", "Bounds of the vectors."),
        Arg("trainable", BOOL, True, "Whether training changes the vectors."),
    ),
    inputs=(Port("input", "B ...", kind="token"),),
    rule=_embed,
    outputs="[B, ..., output_dim]",
    weights=(Weight("embeddings", "V output_dim", "embeddings_initializer", tied=True),),
    masking=Masking.KEEPS,
    aliases=("Embedding", "embed"),
    examples=("embedding(4)", "embedding(4, trainable=false)"),
)


def _mark(site: Site) -> Applied | Problem:
    (tokens,) = site.operands
    if tokens.bound is None or (tokens.bound.value is None and not tokens.bound.unknown):
        finding = codes.BAD_TYPE(what="`one_hot` needs to know how many tokens there are")
        return Problem(finding, "give the bound in the type: token(10)[B, T]", operand=0)
    shape = (*tokens.shape, tokens.bound)
    return Applied({"output": Tensor("float", shape)})


ONE_HOT = LayerSpec(
    "one_hot",
    "For each token as many numbers as its type has ids: a one at its own, zeros elsewhere.",
    args=(),
    inputs=(Port("input", "B ...", kind="token"),),
    rule=_mark,
    outputs="[B, ..., ids of the token's type]",
    aliases=("OneHot", "onehot", "to_categorical", "category_encoding", "CategoryEncoding"),
    examples=("one_hot",),
)


def _activation(site: Site) -> Applied | Problem:
    return activated(site, site.args["function"].entry.facts["role"])


ACTIVATION_LAYER = LayerSpec(
    "activation",
    "A function of each number.",
    args=(Arg("function", ACTIVATION, doc="Which function."),),
    inputs=(_ANY,),
    rule=_activation,
    outputs="the input's shape",
    masking=Masking.KEEPS,
    aliases=("Activation",),
    examples=("activation(relu)",),
)

SOFTMAX = LayerSpec(
    "softmax",
    "Probabilities over the last axis.",
    args=(),
    inputs=(Port("input", "B ... K"),),
    rule=lambda site: activated(site, Role.PROBABILITIES),
    outputs="the input's shape",
    masking=Masking.KEEPS,
    aliases=("Softmax",),
    examples=("softmax",),
)

DROPOUT = LayerSpec(
    "dropout",
    "Sets a share of the numbers to zero while training and scales up the rest.",
    args=(Arg("rate", FRACTION, doc="The share that is dropped.", random=True),),
    inputs=(_ANY,),
    rule=unchanged,
    outputs="the input's shape",
    masking=Masking.KEEPS,
    aliases=("Dropout",),
    examples=("dropout(0.5)",),
)


SPATIAL_DROPOUT = LayerSpec(
    "spatial_dropout",
    "Sets a share of the features to zero while training, each for all steps of a sample.",
    args=(Arg("rate", FRACTION, doc="The share that is dropped.", random=True),),
    inputs=(Port("input", "B T F", meaning="a sequence"),),
    rule=unchanged,
    outputs="the input's shape",
    masking=Masking.KEEPS,
    aliases=("SpatialDropout1D", "spatial_dropout_1d", "dropout_1d"),
    examples=("spatial_dropout(0.5)",),
)

GAUSSIAN_NOISE = LayerSpec(
    "gaussian_noise",
    "Adds normal noise of mean zero while training.",
    args=(Arg("stddev", NOT_NEGATIVE, doc="Standard deviation of the noise.", random=True),),
    inputs=(_ANY,),
    rule=lambda site: Applied({"output": site.operands[0].shaped(site.operands[0].shape)}),
    outputs="the input's shape",
    masking=Masking.KEEPS,
    aliases=("GaussianNoise", "noise"),
    examples=("gaussian_noise(0.1)",),
)


def _normalise(site: Site) -> Applied:
    (x,) = site.operands
    return Applied({"output": Tensor("float", x.shape)}, weights=own_weights(site))


BATCH_NORM = LayerSpec(
    "batch_norm",
    "Normalises each feature over batch and time, with statistics kept for inference.",
    args=(
        Arg("momentum", FRACTION, 0.99, "Weight of the old moving statistics."),
        Arg("epsilon", ABOVE_ZERO, 0.001, "Added to the variance."),
        Arg("center", BOOL, True, "Whether there is an offset (beta)."),
        Arg("scale", BOOL, True, "Whether there is a factor (gamma)."),
    ),
    inputs=(Port("input", "B ... F"),),
    rule=_normalise,
    outputs="the input's shape",
    weights=(
        Weight("gamma", "F", "ones", when=lambda a: a["scale"]),
        Weight("beta", "F", "zeros", when=lambda a: a["center"]),
        Weight("moving_mean", "F", "zeros", trainable=False),
        Weight("moving_variance", "F", "ones", trainable=False),
    ),
    one_rank=True,  # one set of statistics over batch and time is another thing than over batch
    masking=Masking.COUNTS,
    aliases=("BatchNorm", "batch_normalization", "BatchNormalization"),
    examples=("batch_norm",),
)

LAYER_NORM = LayerSpec(
    "layer_norm",
    "Normalises each step over its features, the same while training and after.",
    args=(
        Arg("epsilon", ABOVE_ZERO, 0.001, "Added to the variance."),
        Arg("center", BOOL, True, "Whether there is an offset (beta)."),
        Arg("scale", BOOL, True, "Whether there is a factor (gamma)."),
    ),
    inputs=(Port("input", "B ... F"),),
    rule=_normalise,
    outputs="the input's shape",
    weights=(
        Weight("gamma", "F", "ones", when=lambda a: a["scale"]),
        Weight("beta", "F", "zeros", when=lambda a: a["center"]),
    ),
    masking=Masking.KEEPS,
    aliases=("LayerNorm", "layer_normalization", "LayerNormalization"),
    examples=("layer_norm",),
)

_GROUPS = Kind(
    "a whole number above zero, or -1 for one group for each feature",
    lambda v: v == -1 or POSITIVE.accepts(v),
    samples=(1, 13, -1),
)


def _normalise_groups(site: Site) -> Applied | Problem:
    (x,) = site.operands
    width, groups = site.sizes["F"], site.args["groups"]
    weights = own_weights(site)
    if width.value is None:
        if not weights and not width.unknown:  # otherwise it is told of with the weights
            return refused(
                f"the groups of `group_norm` need a known width, but it is {width}",
                f"write a number instead of `{width}` in the header",
            )
    elif groups != -1 and width.value % groups:
        return refused(
            f"{width} features do not go into {groups} groups",
            f"`groups` divides the {width} features",
            "groups",
        )
    # Steps are normalised together: each has seen all of them.
    causal = x.rank <= 2
    return Applied({"output": Tensor("float", x.shape, causal=causal)}, weights=weights)


GROUP_NORM = LayerSpec(
    "group_norm",
    "Normalises each sample over its steps and one group of features at a time.",
    args=(
        Arg("groups", _GROUPS, 32, "Parts of the features, each with a mean of its own."),
        Arg("epsilon", ABOVE_ZERO, 0.001, "Added to the variance."),
        Arg("center", BOOL, True, "Whether there is an offset (beta)."),
        Arg("scale", BOOL, True, "Whether there is a factor (gamma)."),
    ),
    inputs=(Port("input", "B ... F"),),
    rule=_normalise_groups,
    outputs="the input's shape",
    weights=(
        Weight("gamma", "F", "ones", when=lambda a: a["scale"]),
        Weight("beta", "F", "zeros", when=lambda a: a["center"]),
    ),
    masking=Masking.KEEPS,
    aliases=("GroupNorm", "group_normalization", "GroupNormalization", "instance_norm"),
    examples=("group_norm(13)",),
)

_MANY = Arg("n", POSITIVE, None, "How many copies; as many as the lists have values if left out.")

CHAIN = LayerSpec(
    "chain",
    "Copies of a layer or a model one after the other; lists give each copy a value of its own.",
    args=(Arg("layer", LAYER, doc="The layer or model; one that has a name is shared."), _MANY),
    inputs=(Port("input", "...", kind="any"),),
    rule=unchanged,
    outputs="what the last copy gives",
    copies=True,
    aliases=("Sequential", "sequential", "stack", "repeat_layer"),
    examples=("chain(dense(13), 2)", "chain(dense, units=[5, 3])"),
)

BRANCHES = LayerSpec(
    "branches",
    "Layers or models side by side on the same input, their outputs concatenated.",
    args=(Arg("layer", LAYER, doc="A layer or a model; several, or copies of one."), _MANY),
    inputs=(Port("input", "...", kind="any"),),
    rule=unchanged,
    outputs="[B, ..., sum of the widths]",
    copies=True,
    joined_by="concat",
    aliases=("parallel", "Parallel", "inception"),
    examples=("branches(dense(3), dense(4))", "branches(dense, units=[5, 3])"),
)

EACH = LayerSpec(
    "each",
    "Applies a layer or a model to every step on its own, always with the same weights.",
    args=(
        Arg("layer", LAYER, doc="The layer or model, which takes one operand."),
        Arg("over", DIMENSION, None, "The axis kept aside: the one after the batch."),
    ),
    inputs=(Port("input", "B T ..."),),
    rule=unchanged,
    outputs="[B, T, ...] with what the layer gives for one step",
    per_step=True,
    masking=Masking.KEEPS,
    aliases=("time_distributed", "TimeDistributed"),
    examples=("each(dense(4))",),
)
