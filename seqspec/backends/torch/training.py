"""``train.py``: the loss, what is reported, and the optimiser, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    assign,
    definition,
    docstring,
    flat,
    literal,
    statement,
)
from seqspec.backends.torch.model import ModelPlan
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task, Training
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """The template's values; see ``templates/torch/train.py.j2``."""

    doc: tuple[str, ...]
    main: str
    constants: tuple[str, ...]
    reported: str
    measure_signature: tuple[str, ...]
    measure: tuple[str, ...]
    predict_signature: tuple[str, ...]
    evaluate_signature: tuple[str, ...]
    functional: bool
    optimizer: tuple[str, ...]
    clips: tuple[str, ...]
    scaled: bool
    validated: bool
    shuffled: bool
    rng: str
    windows: bool
    root: str
    normalised: bool
    samples: str
    best: str
    metadata: str
    advice: str
    before_epochs: tuple[str, ...]
    better: tuple[str, ...]
    waiting: tuple[str, ...]
    stopping: tuple[str, ...]


_TWO = "tuple[Tensor, Tensor]"
_INPUTS = "inputs: tuple[np.ndarray, ...]"


def plan_training(task: Task, model: ModelPlan) -> TrainPlan:
    """Decides what ``train.py`` of a task with a training says."""
    training = task.training
    assert training is not None
    split = training.data.split.args
    validated = float(split["validation"]) > 0
    scaled = training.data.scale is not None
    names, root = _reported(training)
    stopping = _stopping(training.stop)
    clips = _clips(training.optimizer.args)
    normalised = _normalises_samples(task.graph)
    measure = _measure(task, training, model.has_logits, names)
    me, device = f"model: {model.main}", 'device: str = "cpu"'
    scaling = ["scaling: Scaling"] if scaled else []
    return TrainPlan(
        doc=tuple(docstring(f"{task.graph.name}: its training. Run by run.py.")),
        main=model.main,
        constants=tuple(_constants(training)),
        reported=f"REPORTED = {literal(('loss', *names))}",
        measure_signature=tuple(
            definition("measure", [me, "inputs: list[Tensor]", "target: Tensor"], _TWO)
        ),
        measure=tuple(measure),
        predict_signature=tuple(
            definition("predict", [me, _INPUTS, device, "batch_size: int = 256"], "np.ndarray")
        ),
        evaluate_signature=tuple(
            definition("evaluate", [me, "part: Part", *scaling, device], "dict[str, float]")
        ),
        functional=any("functional." in line for line in measure),
        optimizer=tuple(_optimizer(training.optimizer)),
        clips=tuple(clips),
        scaled=scaled,
        validated=validated,
        shuffled=training.shuffle,
        rng="rng" if training.shuffle else "None",
        windows=training.data.windows is not None,
        root=root,
        normalised=normalised,
        samples="samples" if normalised else "len(part)",
        best="lowest validation loss" if validated else "lowest training loss",
        metadata=", metadata" if scaled else "",
        advice=literal(
            f"a smaller learning rate {'' if clips else 'or clipped gradients '}may help"
        ),
        before_epochs=stopping.before,
        better=stopping.better,
        waiting=stopping.waiting,
        stopping=stopping.end,
    )


def _normalises_samples(graph: Graph) -> bool:
    """Whether a batch norm sees one row for each sample: a batch of one has no variance then."""
    return any(
        _normalises_samples(node.unit.graph)
        if isinstance(node.unit, SubModel)
        else node.unit.kind == "batch_norm"
        and all(size.value == 1 for size in node.inputs[0].tensor.shape[1:-1])
        for node in graph.nodes
    )


def _reported(training: Training) -> tuple[list[str], str]:
    """What is measured beside the loss, and the line that makes the rmse of it.

    The root is taken of the mean square over all samples, so that is what batches give.
    """
    names = [metric.name for metric in training.metrics if metric.name != training.loss.name]
    if "rmse" not in names:
        return names, ""
    names.remove("rmse")
    if training.loss.name == "mse":
        square = 'means["loss"]'
    elif "mse" in names:
        square = 'means["mse"]'
    else:
        names.append("mse")
        square = 'means.pop("mse")'
    return names, f'means["rmse"] = {square} ** 0.5  # the root of the mean over all samples'


# ----------------------------------------------------------------------------------- the constants

_CLIPPING = {
    "clipnorm": "largest norm of the gradient of each weight",
    "global_clipnorm": "largest norm of all gradients together",
    "clipvalue": "largest size of any entry of a gradient",
}


def _constants(training: Training) -> list[str]:
    args = training.optimizer.args
    lines = [
        f"EPOCHS = {training.epochs}",
        f"BATCH_SIZE = {training.batch_size}",
        f"LEARNING_RATE = {literal(args['learning_rate'])}",
        f"SEED = {training.seed}",
    ]
    for name, note in _CLIPPING.items():
        if args.get(name) is not None:
            lines += assign(name.upper(), args[name], note=note)
    if training.stop is not None:
        patience, least = training.stop.args["patience"], training.stop.args["min_delta"]
        lines += assign("PATIENCE", patience, note="epochs without a lower loss before it stops")
        if least:
            lines += assign("MIN_DELTA", least, note="the least that counts as lower")
    return lines


@dataclass(frozen=True, slots=True)
class _Stopping:
    """Lines before the epochs, where a loss is the best, after that, and at an epoch's end."""

    before: tuple[str, ...]
    better: tuple[str, ...]
    waiting: tuple[str, ...]
    end: tuple[str, ...]


def _stopping(stop: Setting | None) -> _Stopping:
    if stop is None:
        return _Stopping(("best = math.inf",), ("best = judged",), (), ())
    end = ("if waited == PATIENCE and not overfit_one_batch:", "    break")
    if not stop.args["min_delta"]:
        return _Stopping(
            ("best, waited = math.inf, 0",),
            ("best, waited = judged, 0",),
            ("else:", "    waited += 1"),
            end,
        )
    return _Stopping(
        ("best = math.inf", "mark, waited = math.inf, 0  # the loss to beat, and epochs since"),
        ("best = judged",),
        (
            "waited += 1",
            "if judged < mark - MIN_DELTA:",
            "    mark, waited = judged, 0",
        ),
        end,
    )


# ----------------------------------------------------------------------------- optimiser, clipping


def _optimizer(setting: Setting) -> list[str]:
    args = setting.args
    rate: tuple[str, Expr] = ("lr", Code("LEARNING_RATE"))
    notes: list[str] = []
    if setting.name == "sgd":
        keywords: list[tuple[str, Expr]] = [rate]
        if args["momentum"]:
            keywords.append(("momentum", args["momentum"]))
            keywords += [("nesterov", True)] if args["nesterov"] else []
        function = "torch.optim.SGD"
    elif setting.name == "adam":
        notes = [
            "eps as in Keras; PyTorch adds it after the bias correction, so the first steps differ",
            "a little. fused: one kernel updates all weights, on CPUs too.",
        ]
        keywords = [rate]
        betas = (args["beta_1"], args["beta_2"])
        keywords += [("betas", Group("(", betas))] if betas != (0.9, 0.999) else []
        keywords += [("eps", args["epsilon"]), ("fused", True)]
        function = "torch.optim.Adam"
    else:
        notes = [
            "eps as in Keras, which adds it under the root; PyTorch adds it to the root, so that",
            "steps with tiny gradients are larger.",
        ]
        keywords = [rate, ("alpha", args["rho"]), ("eps", args["epsilon"])]
        keywords += [("momentum", args["momentum"])] if args["momentum"] else []
        keywords += [("centered", True)] if args["centered"] else []
        function = "torch.optim.RMSprop"
    call = Call(function, (Code("model.parameters()"),), tuple(keywords))
    return [*(f"    # {note}" for note in notes), *assign("optimizer", call, indent=4)]


OPTIMIZERS = frozenset({"sgd", "adam", "rmsprop"})


def _clips(args: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    if args.get("clipnorm") is not None:
        lines += [
            "for weight in model.parameters():",
            "    nn.utils.clip_grad_norm_(weight, CLIPNORM)",
        ]
    if args.get("global_clipnorm") is not None:
        lines.append("nn.utils.clip_grad_norm_(model.parameters(), GLOBAL_CLIPNORM)")
    if args.get("clipvalue") is not None:
        lines.append("nn.utils.clip_grad_value_(model.parameters(), CLIPVALUE)")
    return lines


# ------------------------------------------------------------------------------- loss and metrics


@dataclass(frozen=True, slots=True)
class _Prediction:
    """What the loss compares: its variable, whether it is logits, and its rank."""

    name: str
    logits: bool
    rank: int

    @property
    def rows(self) -> str:
        """Every step a row: [N, classes]."""
        return self.name if self.rank == 2 else f"{self.name}.flatten(0, -2)"


def _measure(task: Task, training: Training, has_logits: bool, names: list[str]) -> list[str]:
    output = task.output[1].tensor
    crossentropy = training.loss.name.endswith("crossentropy")
    logits = crossentropy and (training.from_logits or has_logits)
    name = "logits" if logits else "probabilities" if crossentropy else "prediction"
    prediction = _Prediction(name, logits, output.rank)
    function = "model.logits" if has_logits else "model"
    lines = statement(f"{name} = ", Code(f"{function}(*inputs)"), indent=4)
    lines += assign("loss", LOSSES[training.loss.name](prediction), indent=4)
    if not names:
        lines.append("    return loss, loss.detach()[None]")
        return lines
    reported: list[Expr] = [Code("loss")]
    for metric in names:
        target = str(training.loss.entry.facts["target"])
        lines += assign(metric, METRICS[metric](prediction, target), indent=4)
        reported.append(Code(metric))
    stacked = flat(Call("torch.stack", (Group("[", tuple(reported)),)))
    lines += statement("return ", Code(f"loss, {stacked}.detach()"), indent=4)
    return lines


def _mse(p: _Prediction) -> Expr:
    return Call("functional.mse_loss", (Code(p.name), Code("target")))


def _mae(p: _Prediction) -> Expr:
    return Call("functional.l1_loss", (Code(p.name), Code("target")))


#: Probabilities that do not come straight from logits are kept off 0 and 1, as Keras does.
_CLAMP = "clamp(1e-7, 1 - 1e-7)"


def _binary(p: _Prediction) -> Expr:
    if p.logits:
        function = "functional.binary_cross_entropy_with_logits"
        return Call(function, (Code(p.name), Code("target")))
    return Call("functional.binary_cross_entropy", (Code(f"{p.name}.{_CLAMP}"), Code("target")))


def _categorical(p: _Prediction) -> Expr:
    if p.logits:
        target = "target" if p.rank == 2 else "target.flatten(0, -2)"
        return Call("functional.cross_entropy", (Code(p.rows), Code(target)))
    return Code(f"-(target * {p.name}.{_CLAMP}.log()).sum(-1).mean()")


def _sparse(p: _Prediction) -> Expr:
    target = "target" if p.rank == 2 else "target.flatten()"
    if p.logits:
        return Call("functional.cross_entropy", (Code(p.rows), Code(target)))
    return Call("functional.nll_loss", (Code(f"{p.rows}.{_CLAMP}.log()"), Code(target)))


LOSSES = {
    "mse": _mse,
    "mae": _mae,
    "binary_crossentropy": _binary,
    "categorical_crossentropy": _categorical,
    "sparse_categorical_crossentropy": _sparse,
}


def _accuracy(p: _Prediction, target: str) -> Expr:
    if target == "binary":
        # A logit above 0 is a probability above one half.
        threshold = "0" if p.logits else "0.5"
        hits = f"(({p.name} > {threshold}) == (target > 0.5))"
    else:
        truth = "target.argmax(-1)" if target == "one_hot" else "target"
        hits = f"({p.name}.argmax(-1) == {truth})"
    return Code(f"{hits}.float().mean()")


#: ``rmse`` is made of the mean square once an epoch is over.
METRICS: Mapping[str, Callable[[_Prediction, str], Expr]] = {
    "accuracy": _accuracy,
    "mse": lambda p, _: _mse(p),
    "rmse": lambda p, _: _mse(p),
    "mae": lambda p, _: _mae(p),
}
