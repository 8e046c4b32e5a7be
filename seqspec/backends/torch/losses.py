"""``train.py``: ``measure()``, the loss and what else is reported, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, assign, flat, literal, statement
from seqspec.backends.torch.masking import masks_of
from seqspec.ir.masks import Mask
from seqspec.ir.task import Task, Training
from seqspec.types import Role

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Prediction:
    """What the loss compares: its variable, whether yes is above zero (logits), and its rank."""

    name: str
    logits: bool
    rank: int

    @property
    def rows(self) -> str:
        """Every step a row: [N, classes]."""
        return self.name if self.rank == 2 else f"{self.name}.flatten(0, -2)"


def plan_measure(task: Task, training: Training, has_logits: bool, names: list[str]) -> list[str]:
    """The body of ``measure()``; ``names`` are what is reported beside the loss."""
    output, mask = task.output[1].tensor, task.output[1].mask
    logits = training.from_logits or has_logits
    if training.loss.name.endswith("crossentropy"):
        name = "logits" if logits else "probabilities"
    else:
        distribution = Role.PLAIN not in training.loss.entry.facts["roles"]
        name = "probabilities" if distribution else "prediction"
    prediction = _Prediction(name, logits, output.rank - (mask is not None))
    function = "model.logits" if has_logits else "model"
    cast = "" if training.precision == "float32" else ".float()"
    called = Code(f"{function}(*inputs){cast}")
    lines = (
        _selected(task, mask, name, called) if mask else statement(f"{name} = ", called, indent=4)
    )
    for variable, value in LOSSES[training.loss.name](prediction, training.loss.args):
        lines += assign(variable, value, indent=4)
    if task.graph.penalised:
        lines.append("    loss = loss + penalty(model)")
    if not names:
        lines.append("    return loss, loss.detach()[None]")
        return lines
    reported: list[Expr] = [Code("loss")]
    for metric in names:
        target = str(training.loss.entry.facts["target"])
        lines += assign(metric, METRICS[metric](prediction, target), indent=4)
        reported.append(Code(metric))
    stacked = flat(Call("torch.stack", (Group("[", tuple(reported)),)))
    if mask is not None:
        return [*lines, *_counted(stacked)]
    lines += statement("return ", Code(f"loss, {stacked}.detach()"), indent=4)
    return lines


def _selected(task: Task, mask: Mask, name: str, called: Code) -> list[str]:
    """The steps of data alone, one after another: their mean is Keras's masked mean."""
    names = [value.name for value in task.graph.inputs]
    lines, text = masks_of(task.graph, mask, lambda port: f"inputs[{names.index(port)}]")
    lines += assign("mask", text, indent=4) if text != "mask" else []
    lines += statement(f"{name} = ", Code(f"{called}[mask]"), indent=4, note="the steps of data")
    return [*lines, "    target = target[mask]"]


def _counted(stacked: str) -> list[str]:
    """Sums, and the numbers of what they are sums over."""
    return [
        "    steps = mask.sum().repeat(len(REPORTED))",
        "    steps[0] = len(mask)  # of the loss the mean over samples is reported, as Keras does",
        *assign("measured", Code(f"{stacked}.detach()"), indent=4),
        "    return loss, torch.stack([measured * steps, steps])",
    ]


def _mse(p: _Prediction) -> Expr:
    return Call("functional.mse_loss", (Code(p.name), Code("target")))


def _mae(p: _Prediction) -> Expr:
    return Call("functional.l1_loss", (Code(p.name), Code("target")))


def _mape(p: _Prediction) -> Expr:
    share = f"(target - {p.name}) / target.abs().clamp(min=1e-7)"
    return Code(f"100 * ({share}).abs().mean()")


#: Assignments; the last one is to ``loss``.
_Lines = list[tuple[str, Expr]]


def _huber(p: _Prediction, args: Args) -> _Lines:
    delta = (("delta", args["delta"]),) if args["delta"] != 1 else ()
    return [("loss", Call("functional.huber_loss", (Code(p.name), Code("target")), delta))]


def _log_cosh(p: _Prediction, _: Args) -> _Lines:
    # Without the overflow of cosh.
    value = "(error + functional.softplus(-2 * error) - math.log(2)).mean()"
    return [("error", Code(f"{p.name} - target")), ("loss", Code(value))]


def _poisson(p: _Prediction, _: Args) -> _Lines:
    keywords = (("log_input", False), ("eps", 1e-7))
    return [("loss", Call("functional.poisson_nll_loss", (Code(p.name), Code("target")), keywords))]


def _cosine(p: _Prediction, _: Args) -> _Lines:
    keywords = (("dim", -1), ("eps", 1e-7))
    call = Call("functional.cosine_similarity", (Code(p.name), Code("target")), keywords)
    return [("cosine", call), ("loss", Code("-cosine.mean()"))]


def _divergence(p: _Prediction, _: Args) -> _Lines:
    return [
        ("truth", Code("target.clamp(1e-7, 1)")),
        ("ratio", Code(f"truth / {p.name}.clamp(1e-7, 1)")),
        ("loss", Code("(truth * ratio.log()).sum(-1).mean()")),
    ]


def _hinge(p: _Prediction, _: Args) -> _Lines:
    return [
        ("side", Code("2 * target - 1")),
        ("loss", Code(f"functional.relu(1 - side * {p.name}).mean()")),
    ]


#: Probabilities that do not come straight from logits are kept off 0 and 1, as Keras does.
_CLAMP = "clamp(1e-7, 1 - 1e-7)"


def _smoothed(args: Args, classes: str) -> tuple[_Lines, str]:
    """The line that smooths the target, if it is smoothed, and what the loss compares with."""
    share = args["label_smoothing"]
    if not share:
        return [], "target"
    return [("smooth", Code(f"target + {literal(share)} * (1 / {classes} - target)"))], "smooth"


def _binary(p: _Prediction, args: Args) -> _Lines:
    lines, target = _smoothed(args, "2")
    if p.logits:
        function, guess = "functional.binary_cross_entropy_with_logits", p.name
    else:
        function, guess = "functional.binary_cross_entropy", f"{p.name}.{_CLAMP}"
    return [*lines, ("loss", Call(function, (Code(guess), Code(target))))]


def _categorical(p: _Prediction, args: Args) -> _Lines:
    if p.logits:
        target = "target" if p.rank == 2 else "target.flatten(0, -2)"
        share = args["label_smoothing"]
        keywords = (("label_smoothing", share),) if share else ()
        call = Call("functional.cross_entropy", (Code(p.rows), Code(target)), keywords)
        return [("loss", call)]
    lines, target = _smoothed(args, "target.shape[-1]")
    return [*lines, ("loss", Code(f"-({target} * {p.name}.{_CLAMP}.log()).sum(-1).mean()"))]


def _sparse(p: _Prediction, _: Args) -> _Lines:
    target = "target" if p.rank == 2 else "target.flatten()"
    if p.logits:
        return [("loss", Call("functional.cross_entropy", (Code(p.rows), Code(target))))]
    guess = f"{p.rows}.{_CLAMP}.log()"
    return [("loss", Call("functional.nll_loss", (Code(guess), Code(target))))]


LOSSES: Mapping[str, Callable[[_Prediction, Args], _Lines]] = {
    "mse": lambda p, _: [("loss", _mse(p))],
    "mae": lambda p, _: [("loss", _mae(p))],
    "mape": lambda p, _: [("loss", _mape(p))],
    "huber": _huber,
    "log_cosh": _log_cosh,
    "poisson": _poisson,
    "cosine_similarity": _cosine,
    "kl_divergence": _divergence,
    "hinge": _hinge,
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
    "mape": lambda p, _: _mape(p),
}
