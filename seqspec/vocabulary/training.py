"""Losses, metrics and stopping rules.

Facts of a loss: ``target`` is what it compares with (``same``: numbers of the output's shape;
``class_ids``: the output's shape without its last axis; ``one_hot``: numbers of the
output's shape, one of them 1; ``binary``: zeros and ones of the output's shape) and
``roles`` the roles its prediction may play; a plain prediction is logits to a cross-entropy;
``scaled`` whether a ``scale`` of the data holds for its targets too.
Facts of a metric: ``targets`` it can be computed with.
"""

from __future__ import annotations

from seqspec.types import Role
from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Arg,
    Entry,
)

_ANY_NUMBER = tuple(Role)


def _loss(
    name: str,
    summary: str,
    target: str,
    roles: tuple[Role, ...],
    *args: Arg,
    scaled: bool | None = None,
) -> Entry:
    facts = {
        "target": target,
        "roles": roles,
        "scaled": target == "same" if scaled is None else scaled,
    }
    return Entry(name, "loss", summary, args, facts, source="keras.losses")


_SMOOTHING = Arg("label_smoothing", FRACTION, 0.0, "Share of the target spread over all classes.")


_LOSSES = (
    _loss("mse", "Mean squared error.", "same", _ANY_NUMBER),
    _loss("mae", "Mean absolute error.", "same", _ANY_NUMBER),
    _loss(
        "mape",
        "Mean absolute error in percent of the target. Targets are not scaled.",
        "same",
        _ANY_NUMBER,
        scaled=False,
    ),
    _loss(
        "huber",
        "Squared error up to delta, absolute error beyond.",
        "same",
        _ANY_NUMBER,
        Arg("delta", ABOVE_ZERO, 1.0, "Where the square ends."),
    ),
    _loss("log_cosh", "Logarithm of the hyperbolic cosine of the error.", "same", _ANY_NUMBER),
    _loss(
        "poisson",
        "For counts: the prediction is their mean, above zero. Targets are not scaled.",
        "same",
        _ANY_NUMBER,
        scaled=False,
    ),
    _loss(
        "cosine_similarity",
        "Minus the cosine of the angle between prediction and target on the last axis.",
        "same",
        _ANY_NUMBER,
    ),
    _loss(
        "kl_divergence",
        "Kullback-Leibler divergence of distributions over classes. Targets are not scaled.",
        "same",
        (Role.PROBABILITIES,),
        scaled=False,
    ),
    _loss(
        "hinge",
        "Hinge loss of yes-or-no answers given as scores, above zero for yes.",
        "binary",
        (Role.PLAIN,),
    ),
    _loss(
        "binary_crossentropy",
        "Cross-entropy of yes-or-no answers.",
        "binary",
        (Role.PLAIN, Role.PROBABILITY),
        _SMOOTHING,
    ),
    _loss(
        "categorical_crossentropy",
        "Cross-entropy over classes with one-hot targets.",
        "one_hot",
        (Role.PLAIN, Role.PROBABILITIES),
        _SMOOTHING,
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
    _metric("mape", "Mean absolute error in percent of the target.", "same"),
)
METRICS: dict[str, Entry] = {e.name: e for e in _METRICS}

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
