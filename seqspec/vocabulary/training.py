"""Losses, metrics, optimisers and stopping rules.

Facts of a loss: ``target`` is what it compares with (``same``: numbers of the output's shape;
``class_ids``: the output's shape without its last axis; ``one_hot``: numbers of the
output's shape, one of them 1; ``binary``: zeros and ones of the output's shape) and
``roles`` the roles its prediction may play; a plain prediction is logits to a cross-entropy.
Facts of a metric: ``targets`` it can be computed with.
"""

from __future__ import annotations

from seqspec.types import Role
from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    BOOL,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Arg,
    Entry,
)

_ANY_NUMBER = (Role.PLAIN, Role.PROBABILITY, Role.PROBABILITIES)


def _loss(name: str, summary: str, target: str, roles: tuple[Role, ...]) -> Entry:
    return Entry(
        name, "loss", summary, facts={"target": target, "roles": roles}, source="keras.losses"
    )


_LOSSES = (
    _loss("mse", "Mean squared error.", "same", _ANY_NUMBER),
    _loss("mae", "Mean absolute error.", "same", _ANY_NUMBER),
    _loss(
        "binary_crossentropy",
        "Cross-entropy of yes-or-no answers.",
        "binary",
        (Role.PLAIN, Role.PROBABILITY),
    ),
    _loss(
        "categorical_crossentropy",
        "Cross-entropy over classes with one-hot targets.",
        "one_hot",
        (Role.PLAIN, Role.PROBABILITIES),
    ),
    _loss(
        "sparse_categorical_crossentropy",
        "Cross-entropy over classes with class ids as targets.",
        "class_ids",
        (Role.PLAIN, Role.PROBABILITIES),
    ),
)
LOSSES: dict[str, Entry] = {e.name: e for e in _LOSSES}


def _metric(name: str, summary: str, *targets: str) -> Entry:
    return Entry(name, "metric", summary, facts={"targets": targets}, source="keras.metrics")


_METRICS = (
    _metric(
        "accuracy",
        "Share of right answers: the largest class, or the side of one half.",
        "class_ids",
        "one_hot",
        "binary",
    ),
    _metric("mse", "Mean squared error.", "same"),
    _metric("mae", "Mean absolute error.", "same"),
    _metric("rmse", "Root of the mean squared error.", "same"),
)
METRICS: dict[str, Entry] = {e.name: e for e in _METRICS}

_CLIPPING = (
    Arg("clipnorm", ABOVE_ZERO, None, "Largest norm of the gradient of each weight."),
    Arg("global_clipnorm", ABOVE_ZERO, None, "Largest norm of all gradients together."),
    Arg("clipvalue", ABOVE_ZERO, None, "Largest size of any entry of a gradient."),
)


def _optimizer(name: str, summary: str, rate: float, *args: Arg) -> Entry:
    learning_rate = Arg("learning_rate", ABOVE_ZERO, rate, "Step size.")
    return Entry(
        name, "optimizer", summary, (learning_rate, *args, *_CLIPPING), source="keras.optimizers"
    )


_EPSILON = Arg("epsilon", ABOVE_ZERO, 1e-7, "Keeps the division finite.")
_OPTIMIZERS = (
    _optimizer(
        "sgd",
        "Gradient descent, with momentum if asked for.",
        0.01,
        Arg("momentum", FRACTION, 0.0, "Share of the last step that is kept."),
        Arg("nesterov", BOOL, False, "Nesterov's form of momentum."),
    ),
    _optimizer(
        "adam",
        "Adam. Kingma and Ba 2014.",
        0.001,
        Arg("beta_1", FRACTION, 0.9, "Decay of the mean of gradients."),
        Arg("beta_2", FRACTION, 0.999, "Decay of the mean of squared gradients."),
        _EPSILON,
    ),
    _optimizer(
        "rmsprop",
        "RMSprop. Tieleman and Hinton 2012.",
        0.001,
        Arg("rho", FRACTION, 0.9, "Decay of the mean of squared gradients."),
        Arg("momentum", FRACTION, 0.0, "Share of the last step that is kept."),
        _EPSILON,
        Arg("centered", BOOL, False, "Subtract the squared mean of gradients."),
    ),
)
OPTIMIZERS: dict[str, Entry] = {e.name: e for e in _OPTIMIZERS}

STOPS: dict[str, Entry] = {
    "early": Entry(
        "early",
        "stop",
        "Stops when the validation loss no longer falls.",
        (
            Arg("patience", POSITIVE, doc="How many epochs without improvement are borne."),
            Arg("min_delta", NOT_NEGATIVE, 0.0, "The least that counts as improvement."),
        ),
        source="keras.callbacks.EarlyStopping",
    )
}
