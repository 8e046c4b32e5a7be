"""Losses, metrics, optimisers and stopping rules.

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
    BOOL,
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
_BETAS = (
    Arg("beta_1", FRACTION, 0.9, "Decay of the mean of gradients."),
    Arg("beta_2", FRACTION, 0.999, "Decay of the mean of squared gradients."),
)
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
        *_BETAS,
        _EPSILON,
    ),
    _optimizer(
        "adamw",
        "Adam with decoupled weight decay. Loshchilov and Hutter 2019.",
        0.001,
        Arg("weight_decay", NOT_NEGATIVE, 0.004, "Share of each weight taken off, by step size."),
        *_BETAS,
        _EPSILON,
    ),
    _optimizer("nadam", "Adam with Nesterov momentum. Dozat 2015.", 0.001, *_BETAS, _EPSILON),
    _optimizer(
        "adamax",
        "Adam with the largest gradient in place of the mean square. Kingma and Ba 2014.",
        0.001,
        _BETAS[0],
        Arg("beta_2", FRACTION, 0.999, "Decay of the largest gradient."),
        _EPSILON,
    ),
    _optimizer(
        "adagrad",
        "Adagrad: steps shrink with the sum of squared gradients. Duchi et al. 2011.",
        0.001,
        Arg("initial_accumulator_value", NOT_NEGATIVE, 0.1, "What the sum starts at."),
        _EPSILON,
    ),
    _optimizer(
        "adadelta",
        "Adadelta: steps as large as the mean of recent ones. Zeiler 2012.",
        0.001,
        Arg("rho", FRACTION, 0.95, "Decay of the means of squared gradients and steps."),
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
