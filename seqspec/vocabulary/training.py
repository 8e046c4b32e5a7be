"""Losses, metrics and stopping rules.

Facts of a loss: ``target`` is what it compares with (``same``: numbers of the output's shape;
``class_ids``: the output's shape without its last axis; ``one_hot``: numbers of the
output's shape, one of them 1; ``binary``: zeros and ones of the output's shape) and
``roles`` the roles its prediction may play; a plain prediction is logits to a cross-entropy;
``scaled`` whether a ``scale`` of the data holds for its targets too; ``range`` the least and the
most that a target may be, and ``sums`` whether those of the last axis add up to one.
Facts of a metric: ``targets`` it can be computed with, ``each_epoch`` whether records of epochs
have it; the others are of a whole part, so only ``evaluate`` and the end of a training tell them.
``measures``: what a metric needs besides, if anything. ``alike``: whether it is the same number as
the loss of its name.
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
    Kind,
)

_ANY_NUMBER = tuple(Role)

COLUMN = Kind("a column or an array of the data", lambda v: isinstance(v, str), category="column")
CLASS_WEIGHT = Kind(
    "balanced, or a list with a number for each class", lambda _: True, category="class weight"
)
ID = Kind("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool))
_SAMPLE_WEIGHT = Arg(
    "sample_weight", COLUMN, None, "What the loss of each sample, or step, is multiplied by."
)
_CLASS_WEIGHT = Arg(
    "class_weight",
    CLASS_WEIGHT,
    None,
    "What the loss of each sample, or step, is multiplied by, by its class; balanced lets all "
    "classes of the training part weigh the same, and is not for arrays with padded steps. Yes "
    "or no: of one answer.",
)


def _loss(
    name: str,
    summary: str,
    target: str,
    roles: tuple[Role, ...],
    *args: Arg,
    scaled: bool | None = None,
    range: tuple[float | None, float | None] | None = None,
    sums: bool = False,
) -> Entry:
    shares = (None, None) if target in ("same", "class_ids") else (0.0, 1.0)
    facts = {
        "range": shares if range is None else range,
        "sums": sums or target == "one_hot",
        "target": target,
        "roles": roles,
        "scaled": target == "same" if scaled is None else scaled,
    }
    weights = (_SAMPLE_WEIGHT,) if target == "same" else (_CLASS_WEIGHT, _SAMPLE_WEIGHT)
    return Entry(name, "loss", summary, (*args, *weights), facts, source="keras.losses")


_SMOOTHING = Arg("label_smoothing", FRACTION, 0.0, "Share of the target spread over all classes.")


_GAMMA = Arg("gamma", NOT_NEGATIVE, 2.0, "How much less: the power of the doubt that is left.")

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
        "msle",
        "Mean squared difference of logarithms of 1 + target. Targets are not scaled.",
        "same",
        _ANY_NUMBER,
        scaled=False,
        range=(0.0, None),
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
        range=(0.0, None),
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
        range=(0.0, 1.0),
        sums=True,
    ),
    _loss(
        "hinge",
        "Hinge loss of yes-or-no answers given as scores, above zero for yes.",
        "binary",
        (Role.PLAIN,),
    ),
    _loss(
        "squared_hinge",
        "Square of the hinge loss, of scores above zero for yes.",
        "binary",
        (Role.PLAIN,),
    ),
    _loss(
        "categorical_hinge",
        "Hinge loss over classes: how far the best wrong score comes up to the right one.",
        "one_hot",
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
        "binary_focal_crossentropy",
        "Cross-entropy of yes-or-no answers in which sure answers count less. Lin et al. 2018.",
        "binary",
        (Role.PLAIN, Role.PROBABILITY),
        Arg("apply_class_balancing", BOOL, False, "Whether alpha weighs yes, and 1 - alpha no."),
        Arg("alpha", FRACTION, 0.25, "What yes weighs."),
        _GAMMA,
        _SMOOTHING,
    ),
    _loss(
        "categorical_focal_crossentropy",
        "Cross-entropy over classes in which sure answers count less. Lin et al. 2018.",
        "one_hot",
        (Role.PLAIN, Role.PROBABILITIES),
        Arg("alpha", FRACTION, 0.25, "What every class weighs."),
        _GAMMA,
        _SMOOTHING,
    ),
    _loss(
        "sparse_categorical_crossentropy",
        "Cross-entropy over classes with class ids as targets.",
        "class_ids",
        (Role.PLAIN, Role.PROBABILITIES),
        Arg("ignore_class", ID, None, "A class id that neither the loss nor accuracy counts."),
        _SMOOTHING,
    ),
)
LOSSES: dict[str, Entry] = {e.name: e for e in _LOSSES}


def _metric(name: str, summary: str, *targets: str, alike: bool = True) -> Entry:
    facts = {"targets": targets, "each_epoch": True, "alike": alike}
    return Entry(name, "metric", summary, facts=facts, source="keras.metrics")


def _score(
    name: str,
    summary: str,
    targets: tuple[str, ...],
    source: str,
    *args: Arg,
    measures: str = "",
) -> Entry:
    facts = {"targets": targets, "each_epoch": False, "measures": measures}
    summary += " A score of held-out data: records of epochs do not have it."
    return Entry(name, "metric", summary, args, facts, source)


_CLASSES = ("class_ids", "one_hot")
_DECISIONS = ("binary", *_CLASSES)


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
    _metric("msle", "Mean squared difference of logarithms of 1 + target.", "same"),
    _metric("log_cosh", "Mean logarithm of the hyperbolic cosine of the error.", "same"),
    _metric(
        "cosine_similarity",
        "Mean cosine of the angle between prediction and target on the last axis.",
        "same",
        alike=False,
    ),
    _score(
        "smape",
        "Mean of 200 |error| / (|prediction| + |target|), in percent.",
        ("same",),
        "",
    ),
    _score(
        "mase",
        "Mean absolute error in units of the mean error, on the training part, of forecasting "
        "each value by the one `season` rows before it. Hyndman and Koehler 2006.",
        ("same",),
        "",
        Arg("season", POSITIVE, 1, "How many rows before: 24 for a day of hours."),
        measures="forecasts of a series",
    ),
    _score(
        "r2",
        "Share of the variance that is explained, the mean over the last axis; of a constant 0.",
        ("same",),
        "keras.metrics.R2Score",
    ),
    _score(
        "top_k_accuracy",
        "Share of samples, or steps, whose class is among the k largest; ties count.",
        _CLASSES,
        "keras.metrics.SparseTopKCategoricalAccuracy",
        Arg("k", POSITIVE, 5, "Among how many."),
    ),
    _score(
        "precision",
        "Share of what is told that is so; of several classes the mean over them.",
        _DECISIONS,
        "keras.metrics.Precision",
    ),
    _score(
        "recall",
        "Share of what is so that is told; of several classes the mean over them.",
        _DECISIONS,
        "keras.metrics.Recall",
    ),
    _score(
        "f1",
        "Harmonic mean of precision and recall; of several classes the mean over them.",
        _DECISIONS,
        'keras.metrics.F1Score(average="macro")',
    ),
    _score(
        "auc",
        "Area under the ROC curve, exact: how often a yes has more than a no. Keras's is an "
        "approximation by 200 thresholds.",
        ("binary",),
        "keras.metrics.AUC",
    ),
    _score(
        "perplexity",
        "Exponential of the mean cross-entropy of the classes.",
        ("class_ids",),
        "",
    ),
    _score(
        "edit_distance",
        "Mean over sequences of the Levenshtein distance between the most likely classes of their "
        "steps and the true ones, divided by the number of the true ones.",
        _CLASSES,
        "",
        measures="sequences of classes",
    ),
)
METRICS: dict[str, Entry] = {e.name: e for e in _METRICS}

RESETS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry("epoch", "reset", "Each epoch begins with a cleared state."),
        Entry("sequence", "reset", "Each series begins with a cleared state."),
        Entry("never", "reset", "An epoch goes on with the state that the one before ended with."),
        Entry(
            "on",
            "reset",
            "Cleared where the value of a column changes, and where a series begins.",
            (Arg("column", COLUMN, doc="The column."),),
        ),
    )
}

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
