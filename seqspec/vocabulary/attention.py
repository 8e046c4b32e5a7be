"""Attention: for each step of a query, the mean of values that its scores weigh."""

from __future__ import annotations

from dataclasses import replace

from seqspec.diagnostics import codes
from seqspec.shapes.dim import Dim, Shape, show
from seqspec.types import Tensor
from seqspec.vocabulary.initializers import drawn
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.rules import own_weights, refused
from seqspec.vocabulary.spec import (
    BOOL,
    FRACTION,
    POSITIVE,
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

_DROPOUT = Arg(
    "dropout", FRACTION, 0.0, "Share of the weights of the mean dropped in training.", random=True
)
_CAUSAL = Arg("causal", BOOL, False, "Whether a step sees no value behind its own place.")


def _ports(key: str) -> tuple[Port, ...]:
    """Without a value, a query attends to itself; without keys, the values are their own."""
    return (
        Port("query", "B T D", meaning="a sequence", in_step=True),
        Port("value", "B S E", meaning="a sequence", stands_in="query"),
        Port("key", f"B S {key}", meaning="a sequence", stands_in="value"),
    )


def _unlike(site: Site, left: int, right: int, axis: int, help: str) -> Problem | None:
    """What is wrong if two operands disagree in a size."""
    one, other = (site.operands[i].shape for i in (left, right))
    if one[axis].agrees(other[axis]):
        return None
    finding = codes.DISAGREE(layer=site.spec.name, left=show(one), right=show(other))
    return Problem(finding, help, operand=right)


def _attended(site: Site, shape: Shape) -> Tensor:
    """What comes out: steps of the query, which have seen the values that they may see."""
    query, value, _ = site.operands
    past = site.args["causal"] and query.shape[1].agrees(value.shape[1])
    return Tensor("float", shape, causal=past)


def _places(site: Site) -> Problem | None:
    """What is wrong with the batches and steps of the operands."""
    return (
        _unlike(site, 0, 1, 0, "a batch of queries attends to a batch of as many values")
        or _unlike(site, 0, 2, 0, "a batch of queries attends to a batch of as many keys")
        or _unlike(site, 1, 2, 1, "there is a key for each value: both have the same steps")
    )


def _attention(site: Site) -> Applied | Problem:
    query, value, key = site.operands
    if key.pad is not None and value.pad is None:
        return refused(
            f"`{site.spec.name}` reads padding off its values, and only the keys have any",
            "let values and keys come from the same input",
            operand=2,
        )
    problem = _places(site) or _unlike(
        site, 0, 2, 2, "query and key are compared number by number: give both the same width"
    )
    if problem is not None:
        return problem
    result = _attended(site, (*query.shape[:2], value.shape[2]))
    return Applied({"output": result}, weights=own_weights(site))


ATTENTION = LayerSpec(
    "attention",
    "The mean of values at each step of a query, weighed by its products with the keys.",
    args=(
        Arg("use_scale", BOOL, False, "Whether the scores have a factor that is learnt."),
        Arg(
            "score_mode",
            choice("dot", "concat"),
            "dot",
            "The product of query and key, or the sum of a tanh of their sum.",
        ),
        _DROPOUT,
        _CAUSAL,
    ),
    inputs=_ports("D"),
    rule=_attention,
    outputs="[B, T, E]",
    weights=(
        Weight("scale", "", "ones", when=lambda a: a["use_scale"]),
        Weight("concat_score_weight", "", "ones", when=lambda a: a["score_mode"] == "concat"),
    ),
    in_models=True,
    masking=Masking.ATTENDS,
    aliases=("Attention", "dot_attention", "dot_product_attention", "luong_attention"),
    examples=("attention", "attention(x, x, causal=true)"),
)

ADDITIVE_ATTENTION = LayerSpec(
    "additive_attention",
    "The mean of values at each step of a query, weighed by sums of tanh(query + key).",
    args=(
        Arg("use_scale", BOOL, True, "Whether each feature has a factor that is learnt."),
        _DROPOUT,
        _CAUSAL,
    ),
    inputs=_ports("D"),
    rule=_attention,
    outputs="[B, T, E]",
    weights=(Weight("scale", "D", "glorot_uniform", when=lambda a: a["use_scale"]),),
    in_models=True,
    masking=Masking.ATTENDS,
    aliases=("AdditiveAttention", "bahdanau_attention"),
    examples=("additive_attention",),
)


def _heads(site: Site) -> Applied | Problem:
    query = site.operands[0]
    args = site.args
    problem = _places(site)
    if problem is not None:
        return problem
    width = Dim.of(args["output_shape"] or query.shape[2])
    value_dim = Dim.of(args["value_dim"] or args["key_dim"])
    sizes = {**site.sizes, "V": value_dim, "O": width}
    known = replace(site, sizes=sizes)
    result = _attended(site, (*query.shape[:2], width))
    return Applied({"output": result}, weights=own_weights(known))


# Keras 3.15 on TensorFlow adds the biases of heads of one number along time, if there are as many
# steps as heads.
_WIDTH = Kind("a whole number above one", lambda v: POSITIVE.accepts(v) and v != 1, samples=(2, 5))


def _projection(name: str, kernel: str, bias: str) -> tuple[Weight, ...]:
    return (
        Weight(f"{name}/kernel", kernel, "kernel_initializer"),
        Weight(f"{name}/bias", bias, "bias_initializer", when=lambda a: a["use_bias"]),
    )


MULTI_HEAD_ATTENTION = LayerSpec(
    "multi_head_attention",
    "Attention in several heads, each on projections of its own. Vaswani et al. 2017.",
    args=(
        Arg("num_heads", POSITIVE, doc="How many heads."),
        Arg("key_dim", _WIDTH, doc="Width of a head's queries and keys."),
        Arg("value_dim", _WIDTH, None, "Width of a head's values; key_dim if left out."),
        _DROPOUT,
        Arg("use_bias", BOOL, True, "Whether the projections have biases."),
        Arg("output_shape", POSITIVE, None, "Width of the output; the query's if left out."),
        drawn("kernel_initializer", "glorot_uniform", "For the projections."),
        drawn("bias_initializer", "zeros", "For the biases."),
        _CAUSAL,
    ),
    inputs=_ports("K"),
    rule=_heads,
    outputs="[B, T, D], or [B, T, output_shape]",
    weights=(
        *_projection("query", "D num_heads key_dim", "num_heads key_dim"),
        *_projection("key", "K num_heads key_dim", "num_heads key_dim"),
        *_projection("value", "E num_heads V", "num_heads V"),
        *_projection("attention_output", "num_heads V O", "O"),
    ),
    in_models=True,
    masking=Masking.HEADS,
    aliases=("MultiHeadAttention", "MultiheadAttention", "self_attention", "mha"),
    examples=("multi_head_attention(2, 3)", "multi_head_attention(2, 3, causal=true)"),
)
