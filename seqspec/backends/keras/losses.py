"""Losses and metrics as Keras calls them."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.backends.python_text import Call, Expr
from seqspec.ir.task import Term, Training
from seqspec.vocabulary.spec import Setting

LOSSES: Mapping[str, str] = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "poisson": "Poisson",
    "cosine_similarity": "CosineSimilarity",
    "kl_divergence": "KLDivergence",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}

METRICS: Mapping[str, str] = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "rmse": "RootMeanSquaredError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "log_cosh": "LogCoshError",
    "cosine_similarity": "CosineSimilarity",
}

#: what a loss compares with -> the metric that counts right answers
ACCURACIES: Mapping[str, str] = {
    "class_ids": "SparseCategoricalAccuracy",
    "one_hot": "CategoricalAccuracy",
    "binary": "BinaryAccuracy",
}


#: what a loss is multiplied by: that comes with the data
WEIGHTS = ("class_weight", "sample_weight")


def of_steps(term: Term, training: Training) -> bool:
    """Whether batches are padded to lengths of their own, which Keras's metrics divide by."""
    return training.ragged(term) and term.value.mask is not None


def counts_some(term: Term) -> bool:
    """Whether the program has an accuracy of its own, which leaves out what the loss ignores."""
    return term.ignore_class is not None and any(m.name == "accuracy" for m in term.metrics)


def rooted(term: Term) -> bool:
    """Whether the program has an rmse of its own: Keras's counts padded steps."""
    return term.value.mask is not None and any(m.name == "rmse" for m in term.measured())


def smoothed(term: Term) -> bool:
    """Whether the loss is the program's own: Keras smooths no class ids."""
    return term.compares == "class_ids" and bool(term.loss.args.get("label_smoothing"))


def loss_of(term: Term) -> Call:
    loss = term.loss
    keywords: list[tuple[str, Expr]] = []
    if term.from_logits and loss.name.endswith("crossentropy"):
        keywords.append(("from_logits", True))
    for arg in loss.entry.args:
        if loss.args[arg.name] != arg.default and arg.name not in WEIGHTS:
            keywords.append((arg.name, loss.args[arg.name]))
    name = "SmoothedCrossentropy" if smoothed(term) else f"keras.losses.{LOSSES[loss.name]}"
    return Call(name, (), tuple(keywords))


def metrics_of(term: Term, training: Training) -> tuple[Call, ...]:
    """The metrics besides the loss, which is reported anyway."""
    metrics = tuple(_metric(metric, term) for metric in term.measured())
    if of_steps(term, training):
        return tuple(Call("OfSteps", (metric,)) for metric in metrics)
    return metrics


def _metric(metric: Setting, term: Term) -> Call:
    name = METRICS.get(metric.name)
    if metric.name == "rmse" and rooted(term):
        return Call("RootOfSteps", (), (("name", metric.name),))
    keywords: tuple[tuple[str, Expr], ...] = ()
    if name is None:
        name = ACCURACIES[term.compares]
        if name == "BinaryAccuracy" and term.from_logits:
            # A logit above zero is a probability above one half.
            keywords = (("threshold", 0.0),)
        if term.ignore_class is not None:
            return Call("KeptAccuracy", (term.ignore_class,), (("name", metric.name),))
    return Call(f"keras.metrics.{name}", (), (*keywords, ("name", metric.name)))
