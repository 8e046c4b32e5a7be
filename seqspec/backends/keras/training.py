"""From a train section to ``train.py``: what is compiled into a Keras model, and its constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec.backends.carrying import Carrying, batch_size, plan_carrying
from seqspec.backends.data_part import first_batch
from seqspec.backends.data_ragged import LengthsPlan, plan_lengths
from seqspec.backends.forcing_plan import ForcingPlan
from seqspec.backends.generation_plan import imported
from seqspec.backends.keras import forcing
from seqspec.backends.keras.losses import (
    counts_some,
    loss_of,
    metrics_of,
    of_steps,
    rooted,
    smoothed,
)
from seqspec.backends.keras.optimizers import (
    CLIPPING,
    clips,
    dense,
    last_rate,
    make,
    plateau,
    rate,
)
from seqspec.backends.keras.stepping import StepPlan
from seqspec.backends.keras.weights import frozen
from seqspec.backends.padding import plan_scored
from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Expr,
    Group,
    assign,
    definition,
    docstring,
    literal,
    mapping,
    statement,
)
from seqspec.ir.task import Task, Training
from seqspec.vocabulary.spec import Setting


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
    frozen: tuple[str, ...]
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
    drawn: bool
    drawn_note: str
    augment: bool
    many_inputs: bool
    several: bool
    batch_type: str
    result: str
    batch: tuple[str, ...]
    batch_head: tuple[str, ...]
    kept_accuracy: bool
    smoothed: bool
    smoothed_kept: bool
    of_steps: bool
    rooted: bool
    first_batch: tuple[str, ...]
    lengths: LengthsPlan
    scored: tuple[str, ...]
    reshuffled: bool
    carrying: Carrying | None
    forcing: ForcingPlan | None

    @property
    def fitted(self) -> str:
        """What is trained: the model, or a model around it."""
        return "carrying" if self.carries else "own_tokens" if self.forcing else "model"

    @property
    def fitted_type(self) -> str:
        return "Carrying" if self.carries else "OwnTokens" if self.forcing else "keras.Model"

    @property
    def inside(self) -> str:
        """Where the model is in what is trained."""
        return ".model" if self.operates else ""

    @property
    def operates(self) -> bool:
        return self.carries or self.forcing is not None

    @property
    def typed(self) -> bool:
        return self.streamed or self.operates

    @property
    def carries(self) -> bool:
        """Whether state goes from batch to batch."""
        return self.carrying is not None

    @property
    def imports(self) -> list[str]:
        """What comes from ``data.py`` where outputs have steps of their own number."""
        drawn = ["bucketed"] if self.lengths.bucketed else []
        return imported("data", [*drawn, "OUTPUTS", *self.lengths.names])

    @property
    def batched(self) -> bool:
        """Whether several outputs are predicted a batch at a time."""
        return self.several and self.lengths.inputs

    @property
    def streamed(self) -> bool:
        """Whether batches are of several lengths."""
        return self.carries or self.lengths.inputs

    @property
    def size(self) -> str:
        """How many lanes share a batch, as an argument of ``chunks()``."""
        return self.carrying.size if self.carrying else ""

    @property
    def never(self) -> bool:
        return self.carrying is not None and self.carrying.never

    @property
    def score(self) -> tuple[str, ...]:
        return self.carrying.score if self.carrying else ()

    @property
    def weighted(self) -> bool:
        return len(self.truth) > 1

    @property
    def taken(self) -> str:
        """What a part gives of a chunk."""
        return ", ".join(("inputs", *self.truth))

    @property
    def truth(self) -> tuple[str, ...]:
        return self.carrying.truth if self.carrying else ()

    @property
    def given(self) -> str:
        """What Keras is given of it besides the inputs."""
        if not self.several:
            return ", ".join(self.truth)
        return ", ".join(f"dict(zip(OUTPUTS, {name}, strict=True))" for name in self.truth)


def plan(task: Task, training: Training, steps: StepPlan | None = None) -> TrainPlan:
    validation = training.data.split.args["validation"] > 0
    monitor = "val_loss" if validation else "loss"
    about = f"{task.graph.name}: its training. Run by run.py."
    lengths = plan_lengths(task, training)
    many_inputs = len(task.graph.inputs) > 1
    derived = dense(task.graph, training.optimizer)
    return TrainPlan(
        doc=tuple(docstring(about)),
        constants=tuple(_constants(training)),
        reported="\n".join(_reported(training, validation)),
        frozen=tuple(frozen(task.graph, training)),
        compile=tuple(_compile(training, own=bool(derived))),
        averages=bool(training.optimizer.args["use_ema"]),
        dense=derived,
        rate=last_rate(training),
        stop=(*_stop(training.stop, monitor), *plateau(training.reduce, monitor)),
        best="lowest validation loss" if validation else "lowest training loss",
        advice=literal(_advice(training)),
        windows=training.data.windows is not None,
        validation=validation,
        metrics=any(term.measured() for term in training.terms),
        scale=training.data.scale is not None,
        kept=training.data.kept,
        shuffle=training.shuffle,
        shuffle_note="Batches does it" if training.shuffle else "in the order of the data",
        drawn=training.drawn,
        drawn_note=_drawn(training),
        augment=bool(training.data.augment),
        many_inputs=many_inputs,
        several=training.several,
        batch_type="dict[str, np.ndarray]" if training.several else "np.ndarray",
        result=lengths.result,
        batch=tuple(_batch(training, many_inputs=many_inputs)),
        batch_head=tuple(_batch_head(training, many_inputs=many_inputs)),
        first_batch=tuple(first_batch(training)),
        kept_accuracy=any(map(counts_some, training.terms)),
        smoothed=any(map(smoothed, training.terms)),
        smoothed_kept=any(smoothed(term) and term.counted for term in training.terms),
        rooted=any(map(rooted, training.terms)),
        of_steps=any(of_steps(term, training) and term.measured() for term in training.terms),
        lengths=lengths,
        scored=plan_scored(task, training),
        reshuffled=lengths.inputs and training.drawn,
        carrying=plan_carrying(training, task.graph),
        forcing=forcing.lower(task, training, steps),
    )


def _batch_head(training: Training, *, many_inputs: bool) -> list[str]:
    """The head of the method that gives a batch."""
    target = "dict[str, np.ndarray]" if training.several else "np.ndarray"
    inputs = "tuple[np.ndarray, ...]" if many_inputs else "np.ndarray"
    kinds = ", ".join([inputs, target, *([target] if training.weighted else [])])
    return definition("__getitem__", ["self", "index: int"], f"tuple[{kinds}]", indent=4)


def _batch(training: Training, *, many_inputs: bool) -> list[str]:
    """The lines that give Keras a batch: inputs, targets and perhaps weights."""
    taken = "self.part.batch(self.order[start : start + BATCH_SIZE])"
    lines: list[str] = []
    if training.data.augment:
        lines = [
            f"        batch = {taken}",
            "        if self.keys:",
            "            batch = augmented(batch, self.keys[index])",
        ]
        taken = "batch"
    if many_inputs and not training.several:
        return [*lines, f"        return {taken}"]
    inputs = "inputs" if many_inputs else "(inputs,)"
    end = "s" if training.several else ""
    weight = "sample_weights" if training.several else "weight"  # `weights` is a module
    names = [f"target{end}", *([weight] if training.weighted else [])]
    given = [f"dict(zip(OUTPUTS, {n}, strict=True))" for n in names] if training.several else names
    first = f"        {inputs}, {', '.join(names)} = {taken}"
    together = Group("(", tuple(Code(each) for each in ("inputs", *given)))
    line = f"        return inputs, {', '.join(given)}"
    return [
        *lines,
        first,
        *([line] if len(line) <= WIDTH else statement("return ", together, indent=8)),
    ]


def _drawn(training: Training) -> str:
    """What is drawn for the batches of an epoch, as the class that gives them says it."""
    order = "reordered" if training.data.augment else "in a new order"
    done = [order] if training.shuffle else []
    done += ["augmented"] if training.data.augment else []
    return f", {' and '.join(done)} each epoch if given a seed" if done else ""


def _advice(training: Training) -> str:
    clipped = "" if clips(training.optimizer) else " or clipped gradients"
    return f"a smaller learning rate{clipped} may help"


def _constants(training: Training) -> Iterator[str]:
    yield from assign("EPOCHS", training.epochs)
    yield from batch_size(training)
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


def _reported(training: Training, validation: bool) -> list[str]:
    """What a record holds, in this order."""
    if training.several:
        losses = [f"{term.output}_loss" for term in training.terms]
        rest = [f"{t.output}_{metric.name}" for t in training.terms for metric in t.measured()]
        names = ["loss", *losses, *rest]
    else:
        names = ["loss", *(metric.name for metric in training.only.measured())]
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


def _compile(training: Training, *, own: bool) -> list[str]:
    keywords: list[tuple[str, Expr]] = [("optimizer", make(training.optimizer, own=own))]
    several = training.several
    keywords += _of_outputs(training) if several else _of_output(training)
    call = statement("", Call("model.compile", (), tuple(keywords)), indent=4)
    if not several:
        return call
    losses = mapping([(term.output, loss_of(term)) for term in training.terms])
    return [*assign("losses", losses, indent=4), *call]


def _of_output(training: Training) -> list[tuple[str, Expr]]:
    """Loss and metrics of a model's only output."""
    metrics = metrics_of(training.only, training)
    loss: tuple[str, Expr] = ("loss", loss_of(training.only))
    return [loss, ("metrics", Group("[", metrics))] if metrics else [loss]


def _of_outputs(training: Training) -> list[tuple[str, Expr]]:
    """Losses, their weights and metrics by the names of the outputs."""
    terms = training.terms
    keywords: list[tuple[str, Expr]] = [("loss", Code("losses"))]
    if any(term.weight != 1 for term in terms):
        weights = mapping([(term.output, float(term.weight)) for term in terms])
        keywords.append(("loss_weights", weights))
    metrics = [(t.output, Group("[", metrics_of(t, training))) for t in terms if t.measured()]
    if metrics:
        keywords.append(("metrics", mapping(metrics)))
    each = "{name: [LossOverSamples(loss)] for name, loss in losses.items()}"
    return [*keywords, ("weighted_metrics", Code(each))]
