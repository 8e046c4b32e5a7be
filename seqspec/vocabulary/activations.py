"""Activations. Fact ``role``: what the outcome means to a loss."""

from __future__ import annotations

from seqspec.types import Role
from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    BOOL,
    NOT_NEGATIVE,
    NUMBER,
    Arg,
    Entry,
    Kind,
    Setting,
    one_of,
)

ACTIVATION = one_of("activation", "an activation, such as tanh")


def _entry(name: str, summary: str, *args: Arg, role: Role = Role.PLAIN) -> Entry:
    return Entry(name, "activation", summary, args, {"role": role}, source="keras.activations")


_SLOPE = "Slope below zero."
_NUMBER = Kind(NUMBER.describe, NUMBER.accepts, samples=(1.5,))  # tests try it without a jump
_NUMBER_OR_NONE = Kind(ABOVE_ZERO.describe, ABOVE_ZERO.accepts, samples=(1.5,))

_ALL = (
    _entry("linear", "The value itself."),
    _entry(
        "relu",
        "max(x, 0); with arguments, bent elsewhere.",
        Arg("negative_slope", NOT_NEGATIVE, 0.0, "Slope below the threshold."),
        Arg("max_value", _NUMBER_OR_NONE, None, "Where it ends; nowhere if left out."),
        Arg("threshold", NOT_NEGATIVE, 0.0, "What is not above it counts as below zero."),
    ),
    _entry("tanh", "Hyperbolic tangent."),
    _entry("sigmoid", "1 / (1 + exp(-x)).", role=Role.PROBABILITY),
    _entry("softmax", "exp(x), normalised over the last axis.", role=Role.PROBABILITIES),
    _entry("hard_sigmoid", "relu6(x + 3) / 6, as Keras 3 defines it (Keras 2 used 0.2x + 0.5)."),
    _entry("softplus", "log(1 + exp(x))."),
    _entry("softsign", "x / (1 + |x|)."),
    _entry(
        "elu",
        "x if positive, else alpha * (exp(x) - 1).",
        Arg("alpha", ABOVE_ZERO, 1.0, "How far below zero it goes."),
    ),
    _entry("selu", "Scaled elu, self-normalising. Klambauer et al. 2017."),
    _entry("silu", "x * sigmoid(x), also called swish."),
    _entry(
        "gelu",
        "x times the normal distribution function.",
        Arg("approximate", BOOL, False, "By a tanh instead of exactly."),
    ),
    _entry("exponential", "exp(x)."),
    _entry(
        "leaky_relu",
        "x if positive, else negative_slope * x.",
        Arg("negative_slope", NOT_NEGATIVE, 0.2, _SLOPE),
    ),
    _entry("relu6", "min(max(x, 0), 6)."),
    _entry("mish", "x * tanh(softplus(x))."),
    _entry("hard_silu", "x * hard_sigmoid(x)."),
    _entry("log_softmax", "Logarithm of the softmax over the last axis."),
    _entry(
        "celu",
        "x if positive, else alpha * (exp(x / alpha) - 1).",
        Arg("alpha", ABOVE_ZERO, 1.0, "How far below zero it goes."),
    ),
    _entry("hard_tanh", "x, cut at -1 and 1."),
    _entry("tanh_shrink", "x - tanh(x)."),
    _entry(
        "soft_shrink",
        "x, nearer to zero by the threshold.",
        Arg("threshold", NOT_NEGATIVE, 0.5, "By how much."),
    ),
    _entry(
        "hard_shrink",
        "x, and zero within the threshold.",
        Arg("threshold", NOT_NEGATIVE, 0.5, "Up to where it is zero."),
    ),
    _entry(
        "threshold",
        "x above a threshold, else another number.",
        Arg("threshold", _NUMBER, doc="What x has to be above."),
        Arg("default_value", NUMBER, doc="What stands for x otherwise."),
    ),
    _entry("log_sigmoid", "Logarithm of the sigmoid."),
    _entry(
        "squareplus",
        "(x + sqrt(x^2 + b)) / 2, a softplus without exponentials.",
        Arg("b", ABOVE_ZERO, 4, "How smooth it is."),
    ),
    _entry("sparse_plus", "0 up to -1, (x + 1)^2 / 4 up to 1, then x."),
    _entry("sparse_sigmoid", "(x + 1) / 2, cut at 0 and 1."),
)

ACTIVATIONS: dict[str, Entry] = {e.name: e for e in _ALL}


def function(name: str, default: str, doc: str) -> Arg:
    """An argument that says which function is applied."""
    return Arg(name, ACTIVATION, Setting.plain(ACTIVATIONS[default]), doc)
