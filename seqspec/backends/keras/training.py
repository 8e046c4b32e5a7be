"""From a train section to ``train.py``: what is compiled into a Keras model, and its constants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seqspec.backends.data_ragged import LengthsPlan, plan_lengths
from seqspec.backends.keras.optimizers import (
    CLIPPING,
    clips,
    dense,
    last_rate,
    make,
    plateau,
    rate,
)
from seqspec.backends.padding import Scored, plan_scored
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    assign,
    docstring,
    literal,
    statement,
)
from seqspec.ir.task import Task, Training
from seqspec.vocabulary.spec import Setting

LOSSES: Mapping[str, str] = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "poisson": "Poisson",
    "cosine_similarity": "CosineSimilarity",
    "kl_divergence": "KLDivergence",
    "hinge": "Hinge",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}

METRICS: Mapping[str, str] = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "rmse": "RootMeanSquaredError",
    "mape": "MeanAbsolutePercentageError",
}

#: what a loss compares with -> the metric that counts right answers
ACCURACIES: Mapping[str, str] = {
    "class_ids": "SparseCategoricalAccuracy",
    "one_hot": "CategoricalAccuracy",
    "binary": "BinaryAccuracy",
}


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """What ``train.py`` says that depends on the spec: finished lines, and switches.

    ``best`` tells by which loss the best checkpoint is chosen, ``advice`` what helps against a loss
    that grows without bounds, ``rate`` the learning rate of the last step if it changes,
    ``dense`` the class of the optimiser if the program derives its own.
    """

    doc: tuple[str, ...]
    constants: tuple[str, ...]
    reported: str
    compile: tuple[str, ...]
    averages: bool
    dense: str
    rate: str
    stop: tuple[str, ...]
    best: str
    advice: str
    windows: bool
    validation: bool
    metrics: bool
    scale: bool
    kept: str
    shuffle: bool
    shuffle_note: str
    many_inputs: bool
    batch_inputs: str
    lengths: LengthsPlan
    scored: Scored
    reshuffled: bool


def plan(task: Task, training: Training) -> TrainPlan:
    validation = training.data.split.args["validation"] > 0
    # A loss with something added to it is not the metric of that name.
    loss = "" if task.graph.penalised else training.loss.name
    metrics = [metric for metric in training.metrics if metric.name != loss]
    monitor = "val_loss" if validation else "loss"
    about = f"{task.graph.name}: its training. Run by run.py."
    lengths = plan_lengths(task, training)
    derived = dense(task.graph, training.optimizer)
    return TrainPlan(
        doc=tuple(docstring(about)),
        constants=tuple(_constants(training)),
        reported="\n".join(_reported(metrics, validation)),
        compile=tuple(_compile(training, metrics, own=bool(derived))),
        averages=bool(training.optimizer.args["use_ema"]),
        dense=derived,
        rate=last_rate(training),
        stop=(*_stop(training.stop, monitor), *plateau(training.reduce, monitor)),
        best="lowest validation loss" if validation else "lowest training loss",
        advice=literal(_advice(training)),
        windows=training.data.windows is not None,
        validation=validation,
        metrics=bool(metrics),
        scale=training.data.scale is not None,
        kept=training.data.kept,
        shuffle=training.shuffle,
        shuffle_note="Batches does it" if training.shuffle else "in the order of the data",
        many_inputs=len(task.graph.inputs) > 1,
        batch_inputs="tuple[np.ndarray, ...]" if len(task.graph.inputs) > 1 else "np.ndarray",
        lengths=lengths,
        scored=plan_scored(task, ragged=bool(training.data.ragged)),
        reshuffled=lengths.inputs and training.shuffle,
    )


def _advice(training: Training) -> str:
    clipped = "" if clips(training.optimizer) else " or clipped gradients"
    return f"a smaller learning rate{clipped} may help"


def _constants(training: Training) -> Iterator[str]:
    yield from assign("EPOCHS", training.epochs)
    yield from assign("BATCH_SIZE", training.batch_size)
    yield from rate(training)
    yield from assign("SEED", training.seed)
    for name, note in CLIPPING.items():
        if training.optimizer.args[name] is not None:
            yield from assign(name.upper(), training.optimizer.args[name], note=note)
    if training.stop is not None:
        note = "epochs without a lower loss before it stops"
        yield from assign("PATIENCE", training.stop.args["patience"], note=note)
        if training.stop.args["min_delta"]:
            note = "the least that counts as lower"
            yield from assign("MIN_DELTA", training.stop.args["min_delta"], note=note)


def _reported(metrics: list[Setting], validation: bool) -> list[str]:
    """What a record holds, in this order."""
    names = ["loss", *(metric.name for metric in metrics)]
    checked = [f"val_{name}" for name in names] if validation else []
    reported = Group("(", (*names, *checked))
    return assign("REPORTED", reported, note="what a record holds")


def _stop(stop: Setting | None, monitor: str) -> list[str]:
    if stop is None:
        return []
    keywords: list[tuple[str, Expr]] = [
        ("monitor", monitor),
        ("mode", "min"),
        ("patience", Code("PATIENCE")),
    ]
    if stop.args["min_delta"]:
        keywords.append(("min_delta", Code("MIN_DELTA")))
    early = Call("keras.callbacks.EarlyStopping", (), tuple(keywords))
    return [
        *assign("early", early, indent=8),
        *statement("", Call("callbacks.append", (Code("early"),)), indent=8),
    ]


def _compile(training: Training, wanted: list[Setting], *, own: bool) -> list[str]:
    keywords: list[tuple[str, Expr]] = [
        ("optimizer", make(training.optimizer, own=own)),
        ("loss", _loss(training)),
    ]
    if metrics := tuple(_metric(metric, training) for metric in wanted):
        keywords.append(("metrics", Group("[", metrics)))
    return statement("", Call("model.compile", (), tuple(keywords)), indent=4)


def _loss(training: Training) -> Call:
    loss = training.loss
    keywords: list[tuple[str, Expr]] = []
    if training.from_logits and loss.name.endswith("crossentropy"):
        keywords.append(("from_logits", True))
    for arg in loss.entry.args:
        if loss.args[arg.name] != arg.default:
            keywords.append((arg.name, loss.args[arg.name]))
    return Call(f"keras.losses.{LOSSES[loss.name]}", (), tuple(keywords))


def _metric(metric: Setting, training: Training) -> Call:
    name = METRICS.get(metric.name)
    keywords: tuple[tuple[str, Expr], ...] = ()
    if name is None:
        name = ACCURACIES[training.loss.entry.facts["target"]]
        if name == "BinaryAccuracy" and training.from_logits:
            # A logit above zero is a probability above one half.
            keywords = (("threshold", 0.0),)
    return Call(f"keras.metrics.{name}", (), (*keywords, ("name", metric.name)))
