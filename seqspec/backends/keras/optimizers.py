"""``train.py``: the optimiser, its learning rate and what lowers it, as Keras says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from seqspec.backends.python_text import Call, Code, Expr, Group, assign, statement
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Training
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
    "lion": "Lion",
}

SCHEDULES: Mapping[str, str] = {
    "exponential_decay": "ExponentialDecay",
    "piecewise_constant_decay": "PiecewiseConstantDecay",
    "polynomial_decay": "PolynomialDecay",
    "inverse_time_decay": "InverseTimeDecay",
    "cosine_decay": "CosineDecay",
    "cosine_decay_restarts": "CosineDecayRestarts",
}

CLIPPING: Mapping[str, str] = {
    "clipnorm": "largest norm of the gradient of each weight",
    "global_clipnorm": "largest norm of all gradients together",
    "clipvalue": "largest size of any entry of a gradient",
}


def clips(optimizer: Setting) -> bool:
    """Whether gradients are clipped, in one way or another."""
    return any(optimizer.args[name] is not None for name in CLIPPING)


def rate(training: Training) -> Iterator[str]:
    """The lines of the constant LEARNING_RATE: a number, or a schedule."""
    schedule = training.schedule
    if schedule is None:
        yield from assign("LEARNING_RATE", float(training.optimizer.args["learning_rate"]))
        return
    function = f"keras.optimizers.schedules.{SCHEDULES[schedule.name]}"
    yield from assign("LEARNING_RATE", Call(function, (), tuple(_schedule(schedule))))


def _schedule(schedule: Setting) -> Iterator[tuple[str, Expr]]:
    """Keras takes the type of a rate from its numbers, so that they have to be floats."""
    for arg in schedule.entry.args:
        value = schedule.args[arg.name]
        if isinstance(value, tuple):
            items = cast("tuple[float, ...]", value)
            rates = arg.name == "values"
            yield arg.name, Group("[", tuple(map(float, items)) if rates else items)
        elif arg.required or value != arg.default:
            steps = isinstance(value, bool) or arg.name.endswith("_steps")
            yield arg.name, value if steps else float(value)


def last_rate(training: Training) -> str:
    """The expression for the learning rate of the last step, if it changes; in a callback."""
    if training.schedule is not None:
        several = training.optimizer.args["gradient_accumulation_steps"]
        batches = f" * {several}" if several else ""
        return f"float(LEARNING_RATE(self.model.optimizer.iterations{batches} - 1))"
    return "float(self.model.optimizer.learning_rate)" if training.reduce is not None else ""


def dense(graph: Graph, optimizer: Setting) -> str:
    """The class to derive for tokens that a batch repeats, if that makes a difference.

    What is linear in the gradients may be given them one by one.
    """
    linear = optimizer.name == "sgd" and not clips(optimizer)
    return "" if linear or not _has(graph, "embedding") else OPTIMIZERS[optimizer.name]


def _has(graph: Graph, kind: str) -> bool:
    """Whether a model, or one inside it, has a layer of that kind."""
    return any(
        _has(unit.graph, kind) if isinstance(unit, SubModel) else unit.kind == kind
        for unit in graph.units
    )


def make(optimizer: Setting, *, own: bool) -> Call:
    """The expression that makes the optimiser; ``own`` if its class is the program's."""
    defaults = {arg.name: arg.default for arg in optimizer.entry.args}
    keywords: list[tuple[str, Expr]] = [("learning_rate", Code("LEARNING_RATE"))]
    for name, value in optimizer.args.items():
        if name != "learning_rate" and value != defaults[name]:
            keywords.append((name, Code(name.upper()) if name in CLIPPING else value))
    module = "" if own else "keras.optimizers."
    return Call(f"{module}{OPTIMIZERS[optimizer.name]}", (), tuple(keywords))


def plateau(reduce: Setting | None, monitor: str) -> list[str]:
    """The lines that add what lowers the learning rate to the callbacks."""
    if reduce is None:
        return []
    keywords: list[tuple[str, Expr]] = [("monitor", monitor), ("mode", "min")]
    keywords += [
        (name, value if isinstance(value, int) else float(value))
        for name, value in reduce.args.items()
        if name in ("factor", "patience", "min_delta") or value
    ]
    callback = Call("keras.callbacks.ReduceLROnPlateau", (), tuple(keywords))
    return [
        *assign("plateau", callback, indent=8),
        *statement("", Call("callbacks.append", (Code("plateau"),)), indent=8),
    ]
