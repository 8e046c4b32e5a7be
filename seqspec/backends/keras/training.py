"""From a train section to ``train.py``: what is compiled into a Keras model, and its constants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seqspec.backends.data_ragged import LengthsPlan, plan_lengths
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
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task, Training
from seqspec.vocabulary.spec import Setting

OPTIMIZERS: Mapping[str, str] = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "adamax": "Adamax",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSprop",
}

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

CLIPPING: Mapping[str, str] = {
    "clipnorm": "largest norm of the gradient of each weight",
    "global_clipnorm": "largest norm of all gradients together",
    "clipvalue": "largest size of any entry of a gradient",
}


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """What ``train.py`` says that depends on the spec: finished lines, and switches.

    ``best`` tells by which loss the best checkpoint is chosen, ``advice`` what helps against a loss
    that grows without bounds.
    """

    doc: tuple[str, ...]
    constants: tuple[str, ...]
    reported: str
    compile: tuple[str, ...]
    stop: tuple[str, ...]
    best: str
    advice: str
    windows: bool
    validation: bool
    metrics: bool
    scale: bool
    shuffle: bool
    shuffle_note: str
    many_inputs: bool
    batch_inputs: str
    lengths: LengthsPlan
    reshuffled: bool


def plan(task: Task, training: Training) -> TrainPlan:
    validation = training.data.split.args["validation"] > 0
    clips = any(training.optimizer.args[name] is not None for name in CLIPPING)
    # A loss with something added to it is not the metric of that name.
    loss = "" if task.graph.penalised else training.loss.name
    metrics = [metric for metric in training.metrics if metric.name != loss]
    about = f"{task.graph.name}: its training. Run by run.py."
    lengths = plan_lengths(task, training)
    return TrainPlan(
        doc=tuple(docstring(about)),
        constants=tuple(_constants(training)),
        reported="\n".join(_reported(metrics, validation)),
        compile=(*_remarks(task, training), *_compile(training, metrics)),
        stop=tuple(_stop(training.stop, validation)),
        best="lowest validation loss" if validation else "lowest training loss",
        advice=literal(f"{_ADVICE}{'' if clips else ' or clipped gradients'} may help"),
        windows=training.data.windows is not None,
        validation=validation,
        metrics=bool(metrics),
        scale=training.data.scale is not None,
        shuffle=training.shuffle,
        shuffle_note="Batches does it" if training.shuffle else "in the order of the data",
        many_inputs=len(task.graph.inputs) > 1,
        batch_inputs="tuple[np.ndarray, ...]" if len(task.graph.inputs) > 1 else "np.ndarray",
        lengths=lengths,
        reshuffled=lengths.inputs and training.shuffle,
    )


_ADVICE = "a smaller learning rate"


def _has(graph: Graph, kind: str) -> bool:
    """Whether a model, or one inside it, has a layer of that kind."""
    return any(
        _has(unit.graph, kind) if isinstance(unit, SubModel) else unit.kind == kind
        for unit in graph.units
    )


def _remarks(task: Task, training: Training) -> list[str]:
    """What a reader who knows other frameworks would not expect of these settings."""
    optimizer = training.optimizer
    clips = any(optimizer.args[name] is not None for name in CLIPPING)
    if not _has(task.graph, "embedding") or (optimizer.name == "sgd" and not clips):
        return []
    verb = "sizes up" if optimizer.name == "adamax" else "squares"
    what = "clipping measures"
    if optimizer.name != "sgd":
        what = f"{OPTIMIZERS[optimizer.name]} {verb}"
    return [
        f"    # Where a batch repeats a token, {what} each of its gradients on TensorFlow, but",
        "    # their sum in PyTorch and on JAX: trained weights differ by that.",
    ]


def _constants(training: Training) -> Iterator[str]:
    yield from assign("EPOCHS", training.epochs)
    yield from assign("BATCH_SIZE", training.batch_size)
    yield from assign("LEARNING_RATE", training.optimizer.args["learning_rate"])
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


def _stop(stop: Setting | None, validation: bool) -> list[str]:
    if stop is None:
        return []
    keywords: list[tuple[str, Expr]] = [
        ("monitor", "val_loss" if validation else "loss"),
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


def _compile(training: Training, wanted: list[Setting]) -> list[str]:
    keywords: list[tuple[str, Expr]] = [
        ("optimizer", _optimizer(training.optimizer)),
        ("loss", _loss(training)),
    ]
    if metrics := tuple(_metric(metric, training) for metric in wanted):
        keywords.append(("metrics", Group("[", metrics)))
    return statement("", Call("model.compile", (), tuple(keywords)), indent=4)


def _optimizer(optimizer: Setting) -> Call:
    defaults = {arg.name: arg.default for arg in optimizer.entry.args}
    keywords: list[tuple[str, Expr]] = [("learning_rate", Code("LEARNING_RATE"))]
    for name, value in optimizer.args.items():
        if name != "learning_rate" and value != defaults[name]:
            keywords.append((name, Code(name.upper()) if name in CLIPPING else value))
    return Call(f"keras.optimizers.{OPTIMIZERS[optimizer.name]}", (), tuple(keywords))


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
