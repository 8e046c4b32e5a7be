"""Each layer of the language as a call of a constructor of ``keras.layers``.

A lowering sees one layer and how its results are used, and gives the constructor's call without
the name, which the model adds. What a layer returns is decided here from its use alone: there is
no ``return_sequences`` in the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from seqspec.backends.keras.defaults import (
    BATCH_NORM,
    CONV,
    COSTS,
    DENSE,
    EMBEDDING,
    GROUP_NORM,
    LAYER_NORM,
    MULTI_HEAD_ATTENTION,
    POOLING,
    RECURRENT,
    RUN,
)
from seqspec.backends.keras.forms import FORMS
from seqspec.backends.keras.settings import number, setting, written
from seqspec.backends.keras.ties import own_weight
from seqspec.backends.python_text import Call, Code, Expr, literal
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.shapes.dim import Shape
from seqspec.types import Tensor, Type
from seqspec.vocabulary.images import edges
from seqspec.vocabulary.spec import ends

ATTENTION = ("attention", "additive_attention", "multi_head_attention")


@dataclass(frozen=True, slots=True)
class Site:
    """A unit where it stands: the types that flow in, and which results are needed.

    ``build`` gives the call that builds a sub-model; ``result`` is the shape of what a layer passes
    on, without the batch. ``anywhere`` says that padding flows in that need not follow the data.
    """

    unit: Unit
    operands: tuple[Type, ...]
    build: Callable[[SubModel], Call]
    sequence: bool = False
    state: bool = False
    result: Shape = ()
    anywhere: bool = False

    def needs(self) -> tuple[tuple[str, Expr], ...]:
        """The arguments that ask a recurrent layer for more than its last step."""
        asked = {"return_sequences": self.sequence, "return_state": self.state}
        needs = [(name, True) for name, wanted in asked.items() if wanted]
        if self.anywhere and self.layer.spec.cudnn and not self.layer.spec.slow(self.layer.args):
            needs.append(("use_cudnn", False))  # its kernel takes padding at the end only
        return tuple(needs)

    @property
    def layer(self) -> Layer:
        assert isinstance(self.unit, Layer)
        return self.unit


Lowering = Callable[[Site], Call]


def _layer(name: str, *args: Expr, keywords: tuple[tuple[str, Expr], ...] = ()) -> Call:
    return Call(f"layers.{name}", args, keywords)


def embedding(site: Site) -> Call:
    args = site.layer.args
    (tokens,) = site.operands
    assert isinstance(tokens, Tensor) and tokens.bound is not None  # the checker has seen to it
    keywords = tuple(written(args, EMBEDDING))
    return _layer("Embedding", number(tokens.bound), number(args["output_dim"]), keywords=keywords)


def dense(site: Site) -> Call:
    args = site.layer.args
    return _layer("Dense", number(args["units"]), keywords=tuple(written(args, DENSE)))


def activation(site: Site) -> Call:
    return _layer("Activation", setting(site.layer.args["function"]))


def softmax(site: Site) -> Call:
    (x,) = site.operands
    # layers.Softmax takes a mask for one of its last axis, not of steps.
    padded = isinstance(x, Tensor) and x.pad is not None
    return _layer("Activation", "softmax") if padded else _layer("Softmax")


def lstm(site: Site) -> Call:
    return _recurrent("LSTM", site, {**RECURRENT, "unit_forget_bias": True})


def gru(site: Site) -> Call:
    return _recurrent("GRU", site, {**RECURRENT, "reset_after": True})


def simple_rnn(site: Site) -> Call:
    has = {name: value for name, value in RECURRENT.items() if name != "recurrent_activation"}
    if site.layer.args["activity_regularizer"] is None:
        return _recurrent("SimpleRNN", site, has)
    # Keras's SimpleRNN takes that argument and forgets it. RNN, which it is made of, does not.
    args = site.layer.args
    whole = {name: default for name, default in {**COSTS, **RUN}.items() if name in _OF_THE_LOOP}
    inside = {name: default for name, default in {**COSTS, **RUN}.items() if name not in whole}
    cell = _layer(
        "SimpleRNNCell", number(args["units"]), keywords=tuple(written(args, {**has, **inside}))
    )
    return _layer("RNN", cell, keywords=(*written(args, whole), *site.needs()))


#: arguments that are not the cell's
_OF_THE_LOOP = ("activity_regularizer", "go_backwards", "unroll")


def _recurrent(name: str, site: Site, defaults: Mapping[str, object]) -> Call:
    args = site.layer.args
    keywords = (*written(args, {**defaults, **COSTS, **RUN}), *site.needs())
    return _layer(name, number(args["units"]), keywords=keywords)


def bidirectional(site: Site) -> Call:
    layer = site.layer.inner
    assert isinstance(layer, Layer)
    one_way = CONSTRUCTORS[layer.kind](replace(site, unit=layer))
    mode = site.layer.args["merge_mode"]
    keywords: tuple[tuple[str, Expr], ...] = ()
    if mode != "concat":
        keywords = (("merge_mode", None if mode == "none" else mode),)
    return _layer("Bidirectional", one_way, keywords=keywords)


def each(layer: Expr, axes: int) -> Call:
    """What applies a layer to each step on its own, ``axes`` axes after the batch kept aside."""
    return Call("EachStep", (layer,), (("axes", axes),) if axes != 1 else ())


def construct(site: Site) -> Call:
    """The constructor of a layer, or the call that builds a model, without its name."""
    unit = site.unit
    if isinstance(unit, SubModel):
        return site.build(unit)
    return CONSTRUCTORS[unit.kind](site) if unit.kind in CONSTRUCTORS else own_weight(unit)


#: layers that work on the last axis or on each number: over all steps at once is over each step
STEPWISE = frozenset(
    (
        *("embedding", "one_hot", "dense", "activation", "softmax", "dropout", "gaussian_noise"),
        *("batch_norm", "layer_norm"),
        *("add", "subtract", "multiply", "average", "maximum", "minimum", "arithmetic"),
    )
)


def kept_axes(graph: Graph, unit: Unit) -> Shape:
    """The axes, batch first, in front of those that a model applied step by step was declared with.

    Empty unless the model can take them as they are: it has stepwise layers only, and stands behind
    the same axes wherever the graph uses it.
    """
    nodes = [node for node in graph.nodes if node.unit is unit]
    if not isinstance(unit, SubModel) or not all(node.fold for node in nodes):
        return ()
    if any(value.mask is not None for node in nodes for value in node.inputs):
        return ()  # Keras would bring the mask of the steps into it
    if not all(isinstance(n.unit, Layer) and n.unit.kind in STEPWISE for n in unit.graph.nodes):
        return ()
    fronts = {value.tensor.shape[: 1 + n.fold] for n in nodes for value in n.inputs}
    return fronts.pop() if len(fronts) == 1 else ()


def folds(graph: Graph, node: Node) -> bool:
    """Whether a per-step application has to set the steps aside; otherwise it is a plain one."""
    if not node.fold:
        return False
    if isinstance(node.unit, SubModel):
        return not kept_axes(graph, node.unit)
    return node.unit.kind not in STEPWISE


def only_in_steps(graph: Graph) -> frozenset[Unit]:
    """The units that a model has only inside an ``EachStep``, which then bears their name."""
    plain = {node.unit for node in graph.nodes if not folds(graph, node)}
    return frozenset(node.unit for node in graph.nodes if node.unit not in plain)


def repeat(site: Site) -> Call:
    return _layer("RepeatVector", number(site.layer.args["n"]))


def flatten(site: Site) -> Call:
    return _layer("Flatten")


def dropout(site: Site) -> Call:
    return _layer("Dropout", site.layer.args["rate"])


def batch_norm(site: Site) -> Call:
    return _layer("BatchNormalization", keywords=tuple(written(site.layer.args, BATCH_NORM)))


def concat(site: Site) -> Call:
    return _layer("Concatenate", keywords=tuple(written(site.layer.args, {"axis": -1})))


def layer_norm(site: Site) -> Call:
    return _layer("LayerNormalization", keywords=tuple(written(site.layer.args, LAYER_NORM)))


def group_norm(site: Site) -> Call:
    return _layer("GroupNormalization", keywords=tuple(written(site.layer.args, GROUP_NORM)))


def spatial_dropout(site: Site) -> Call:
    return _layer("SpatialDropout1D", site.layer.args["rate"])


def gaussian_noise(site: Site) -> Call:
    return _layer("GaussianNoise", site.layer.args["stddev"])


def reverse(site: Site) -> Call:
    return Call("Reverse")


def permute(site: Site) -> Call:
    return _layer("Permute", literal(tuple(site.layer.args["dims"])))


def reshape(site: Site) -> Call:
    # At most one size is open, the checker has seen to it: if none is, what was left out stays so.
    left = None if any(d.value is None for d in site.result) else -1
    pairs = zip(site.layer.args["target_shape"], site.result, strict=True)
    sizes = tuple(-1 if d.value is None or given == left else d.value for given, d in pairs)
    return _layer("Reshape", literal(sizes))


def cropping_1d(site: Site) -> Call:
    return _layer("Cropping1D", literal(ends(site.layer.args["cropping"])))


def zero_padding_1d(site: Site) -> Call:
    return _layer("ZeroPadding1D", literal(ends(site.layer.args["padding"])))


def cropping_2d(site: Site) -> Call:
    return _layer("Cropping2D", _sides(site.layer.args["cropping"]))


def zero_padding_2d(site: Site) -> Call:
    return _layer("ZeroPadding2D", _sides(site.layer.args["padding"]))


def _sides(value: int | tuple[int, ...]) -> Code:
    if isinstance(value, int) or len(value) == 2:
        return literal(value)
    top, bottom, left, right = edges(value)
    return literal(((top, bottom), (left, right)))


def _convolution(name: str) -> Lowering:
    def convolution(site: Site) -> Call:
        args = site.layer.args
        sizes = (number(args["filters"]), literal(args["kernel_size"]))
        return _layer(name, *sizes, keywords=tuple(written(args, CONV)))

    return convolution


def upsampling_1d(site: Site) -> Call:
    return _layer("UpSampling1D", number(site.layer.args["size"]))


def _attention(name: str, use_scale: bool) -> Lowering:
    has = {"use_scale": use_scale, "score_mode": "dot", "dropout": 0.0}

    def attention(site: Site) -> Call:
        args = site.layer.args
        defaults = {key: value for key, value in has.items() if key in args}
        return _layer(name, keywords=tuple(written(args, defaults)))

    return attention


def multi_head_attention(site: Site) -> Call:
    args = site.layer.args
    sizes = (number(args["num_heads"]), number(args["key_dim"]))
    keywords = tuple(written(args, MULTI_HEAD_ATTENTION))
    return _layer("MultiHeadAttention", *sizes, keywords=keywords)


def calling(node: Node) -> tuple[tuple[Value, ...], tuple[tuple[str, Expr], ...], bool]:
    """How a layer is called: its operands, keywords, and whether operands stand one by one."""
    unit, inputs = node.unit, node.inputs
    if isinstance(unit, SubModel) or unit.kind not in ATTENTION:
        return inputs, (), False
    if inputs[2] is inputs[1]:
        inputs = inputs[:2]  # values are their own keys unless others are given
    keywords = (("use_causal_mask", True),) if unit.args["causal"] else ()
    return inputs, keywords, unit.kind == "multi_head_attention"


def _pooling(name: str) -> Lowering:
    def pooling(site: Site) -> Call:
        args = site.layer.args
        return _layer(name, literal(args["pool_size"]), keywords=tuple(written(args, POOLING)))

    return pooling


def _plain(name: str) -> Lowering:
    """A layer that takes no arguments."""
    return lambda _: _layer(name)


CONSTRUCTORS: Mapping[str, Lowering] = {
    "embedding": embedding,
    "dense": dense,
    "activation": activation,
    "softmax": softmax,
    "lstm": lstm,
    "gru": gru,
    "simple_rnn": simple_rnn,
    "bidirectional": bidirectional,
    "repeat": repeat,
    "flatten": flatten,
    "dropout": dropout,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "spatial_dropout": spatial_dropout,
    "gaussian_noise": gaussian_noise,
    "reverse": reverse,
    "permute": permute,
    "reshape": reshape,
    "cropping_1d": cropping_1d,
    "zero_padding_1d": zero_padding_1d,
    "cropping_2d": cropping_2d,
    "zero_padding_2d": zero_padding_2d,
    "conv_1d": _convolution("Conv1D"),
    "max_pooling_1d": _pooling("MaxPooling1D"),
    "average_pooling_1d": _pooling("AveragePooling1D"),
    "global_max_pooling_1d": _plain("GlobalMaxPooling1D"),
    "global_average_pooling_1d": _plain("GlobalAveragePooling1D"),
    "upsampling_1d": upsampling_1d,
    "conv_2d": _convolution("Conv2D"),
    "max_pooling_2d": _pooling("MaxPooling2D"),
    "average_pooling_2d": _pooling("AveragePooling2D"),
    "global_max_pooling_2d": _plain("GlobalMaxPooling2D"),
    "global_average_pooling_2d": _plain("GlobalAveragePooling2D"),
    "attention": _attention("Attention", use_scale=False),
    "additive_attention": _attention("AdditiveAttention", use_scale=True),
    "multi_head_attention": multi_head_attention,
    "concat": concat,
    "add": _plain("Add"),
    "subtract": _plain("Subtract"),
    "multiply": _plain("Multiply"),
    "average": _plain("Average"),
    "maximum": _plain("Maximum"),
    "minimum": _plain("Minimum"),
}

#: every layer of the language; ``each`` is not a layer in a graph but a way to apply one
LOWER: Mapping[str, Callable[..., Expr]] = {
    **CONSTRUCTORS,
    "each": each,
    "one_hot": FORMS["one_hot"],
}


def merged(mode: str, halves: list[Code]) -> Expr:
    """The last step of both directions put together as a merge mode says."""
    forward, backward = halves
    match mode:
        case "sum":
            return Code(f"{forward} + {backward}")
        case "mul":
            return Code(f"{forward} * {backward}")
        case "ave":
            return Code(f"({forward} + {backward}) / 2")
        case _:
            return Code(f"ops.concatenate([{forward}, {backward}], axis=-1)")
