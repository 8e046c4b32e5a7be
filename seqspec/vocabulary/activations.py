"""Activations. Fact ``role``: what the outcome means to a loss."""

from __future__ import annotations

from seqspec.types import Role
from seqspec.vocabulary.spec import Arg, Entry, Setting, one_of

ACTIVATION = one_of("activation", "an activation, such as tanh")


def _entry(name: str, summary: str, role: Role = Role.PLAIN) -> Entry:
    return Entry(name, "activation", summary, facts={"role": role}, source="keras.activations")


_ALL = (
    _entry("linear", "The value itself."),
    _entry("relu", "max(x, 0)."),
    _entry("tanh", "Hyperbolic tangent."),
    _entry("sigmoid", "1 / (1 + exp(-x)).", Role.PROBABILITY),
    _entry("softmax", "exp(x), normalised over the last axis.", Role.PROBABILITIES),
    _entry("hard_sigmoid", "relu6(x + 3) / 6, as Keras 3 defines it (Keras 2 used 0.2x + 0.5)."),
    _entry("softplus", "log(1 + exp(x))."),
    _entry("softsign", "x / (1 + |x|)."),
    _entry("elu", "x if positive, else exp(x) - 1."),
    _entry("selu", "Scaled elu, self-normalising. Klambauer et al. 2017."),
    _entry("silu", "x * sigmoid(x), also called swish."),
    _entry("gelu", "x times the normal distribution function, exact form."),
    _entry("exponential", "exp(x)."),
    _entry("leaky_relu", "x if positive, else 0.2x."),
    _entry("relu6", "min(max(x, 0), 6)."),
    _entry("mish", "x * tanh(softplus(x))."),
    _entry("hard_silu", "x * hard_sigmoid(x)."),
    _entry("log_softmax", "Logarithm of the softmax over the last axis."),
)

ACTIVATIONS: dict[str, Entry] = {e.name: e for e in _ALL}


def function(name: str, default: str, doc: str) -> Arg:
    """An argument that says which function is applied."""
    return Arg(name, ACTIVATION, Setting.plain(ACTIVATIONS[default]), doc)
