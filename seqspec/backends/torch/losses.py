"""``train.py``: ``measure()``, the loss and what else is reported, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.data_scores import unpacked
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    Names,
    assign,
    flat,
    literal,
    statement,
)
from seqspec.backends.torch.model import ModelPlan
from seqspec.ir.task import Term, Training
from seqspec.types import Role
from seqspec.vocabulary import ENTRIES

Args = Mapping[str, Any]


#: What ``measure()`` calls something else than the target of an output.
_NAMES = (
    "functional",
    "inputs",
    "loss",
    "math",
    "measured",
    "model",
    "outputs",
    "targets",
    "torch",
)
#: What losses call what they compute on their way.
_LOCALS = ("cosine", "error", "ratio", "side", "smooth", "truth")


@dataclass(frozen=True, slots=True)
class _Prediction:
    """What a loss compares: the prediction, whether yes is above zero (logits), and its rank.

    ``target`` and ``result`` are the names of what it is compared with and of the loss; where
    several outputs have one, ``prefix`` keeps their other variables apart.
    """

    name: str
    logits: bool
    rank: int
    target: str = "target"
    prefix: str = ""

    @property
    def rows(self) -> str:
        """Every step a row: [N, classes]."""
        return self.name if self.rank == 2 else f"{self.name}.flatten(0, -2)"

    @property
    def result(self) -> str:
        return f"{self.prefix}loss"

    def own(self, variable: str) -> str:
        """The name of a variable of this output."""
        return f"{self.prefix}{variable}"


def plan_measure(training: Training, model: ModelPlan) -> list[str]:
    """The body of ``measure()``: the loss, and what else ``REPORTED`` names."""
    function = "model.logits" if model.logits else "model"
    if training.several:
        return _measure_several(training, model, function)
    term = training.only
    logits = term.from_logits or bool(model.logits)
    name = _called(term, logits)
    prediction = _Prediction(name, logits, term.value.tensor.rank)
    lines = statement(f"{name} = ", Code(f"{function}(*inputs)"), indent=4)
    lines += _loss_lines(term, prediction)
    names = reported(term).names
    if not names:
        lines.append("    return loss, loss.detach()[None]")
        return lines
    return [*lines, *_metric_lines(term, prediction), *_returned(["loss", *names])]


def _measure_several(training: Training, model: ModelPlan, function: str) -> list[str]:
    """The loss of each output, their sum, and what is reported of each."""
    words = ("loss", *_LOCALS, *ENTRIES["metric"])
    taken = [f"{term.output}_{word}" for term in training.terms for word in words]
    names = Names((*_NAMES, *taken))
    own = [names.fresh(term.output) for term in training.terms]
    fields = Names({"count", "index"})  # as the class of outputs has them
    lines = statement("outputs = ", Code(f"{function}(*inputs)"), indent=4)
    lines += [f"    {line}" for line in unpacked(own, "targets")]
    shown: list[str] = []
    total: list[str] = []
    for term, target in zip(training.terms, own, strict=True):
        logits = term.from_logits or term.output in model.logits
        attribute = f"outputs.{fields.fresh(term.output)}"
        rank = term.value.tensor.rank
        prediction = _Prediction(attribute, logits, rank, target, f"{term.output}_")
        lines += _loss_lines(term, prediction)
        lines += _metric_lines(term, prediction)
        shown += [prediction.own(name) for name in ("loss", *reported(term).names)]
        weight = "" if term.weight == 1 else f"{literal(term.weight)} * "
        total.append(f"{weight}{prediction.result}")
    lines += statement("loss = ", Code(" + ".join(total)), indent=4)
    losses = [f"{term.output}_loss" for term in training.terms]
    wanted = tuple(Code(n) for n in ("loss", *losses, *(n for n in shown if n not in losses)))
    lines += assign("measured", Group("[", wanted), indent=4)
    return [*lines, "    return loss, torch.stack(measured).detach()"]


def _called(term: Term, logits: bool) -> str:
    """What the only prediction is called."""
    if term.loss.name.endswith("crossentropy"):
        return "logits" if logits else "probabilities"
    distribution = Role.PLAIN not in term.loss.entry.facts["roles"]
    return "probabilities" if distribution else "prediction"


def _loss_lines(term: Term, prediction: _Prediction) -> list[str]:
    lines: list[str] = []
    for variable, value in LOSSES[term.loss.name](prediction, term.loss.args):
        lines += assign(prediction.own(variable), value, indent=4)
    return lines


def _metric_lines(term: Term, prediction: _Prediction) -> list[str]:
    lines: list[str] = []
    for metric in reported(term).names:
        lines += assign(
            prediction.own(metric), METRICS[metric](prediction, term.compares), indent=4
        )
    return lines


def _returned(names: list[str]) -> list[str]:
    stacked = flat(Call("torch.stack", (Group("[", tuple(Code(name) for name in names)),)))
    return statement("return ", Code(f"loss, {stacked}.detach()"), indent=4)


@dataclass(frozen=True, slots=True)
class Reported:
    """What batches give beside the loss, and the line that makes the rmse of an epoch of it."""

    names: list[str]
    root: str


def reported(term: Term, prefix: str = "") -> Reported:
    """What is measured of an output.

    The root is taken of the mean square over all samples, so that is what batches give.
    """
    names = [metric.name for metric in term.metrics if metric.name != term.loss.name]
    if "rmse" not in names:
        return Reported(names, "")
    names.remove("rmse")
    if term.loss.name == "mse":
        square = f"means[{literal(prefix + 'loss')}]"
    elif "mse" in names:
        square = f"means[{literal(prefix + 'mse')}]"
    else:
        names.append("mse")
        square = f"means.pop({literal(prefix + 'mse')})"
    made = f"means[{literal(prefix + 'rmse')}] = {square} ** 0.5"
    return Reported(names, f"{made}  # the root of the mean over all samples")


def _mse(p: _Prediction) -> Expr:
    return Call("functional.mse_loss", (Code(p.name), Code(p.target)))


def _mae(p: _Prediction) -> Expr:
    return Call("functional.l1_loss", (Code(p.name), Code(p.target)))


def _mape(p: _Prediction) -> Expr:
    share = f"({p.target} - {p.name}) / {p.target}.abs().clamp(min=1e-7)"
    return Code(f"100 * ({share}).abs().mean()")


#: Assignments; the last one is to ``loss``.
_Lines = list[tuple[str, Expr]]


def _huber(p: _Prediction, args: Args) -> _Lines:
    delta = (("delta", args["delta"]),) if args["delta"] != 1 else ()
    return [("loss", Call("functional.huber_loss", (Code(p.name), Code(p.target)), delta))]


def _log_cosh(p: _Prediction, _: Args) -> _Lines:
    # Without the overflow of cosh.
    error = p.own("error")
    value = f"({error} + functional.softplus(-2 * {error}) - math.log(2)).mean()"
    return [("error", Code(f"{p.name} - {p.target}")), ("loss", Code(value))]


def _poisson(p: _Prediction, _: Args) -> _Lines:
    keywords = (("log_input", False), ("eps", 1e-7))
    return [("loss", Call("functional.poisson_nll_loss", (Code(p.name), Code(p.target)), keywords))]


def _cosine(p: _Prediction, _: Args) -> _Lines:
    keywords = (("dim", -1), ("eps", 1e-7))
    call = Call("functional.cosine_similarity", (Code(p.name), Code(p.target)), keywords)
    return [("cosine", call), ("loss", Code(f"-{p.own('cosine')}.mean()"))]


def _divergence(p: _Prediction, _: Args) -> _Lines:
    truth, ratio = p.own("truth"), p.own("ratio")
    return [
        ("truth", Code(f"{p.target}.clamp(1e-7, 1)")),
        ("ratio", Code(f"{truth} / {p.name}.clamp(1e-7, 1)")),
        ("loss", Code(f"({truth} * {ratio}.log()).sum(-1).mean()")),
    ]


def _hinge(p: _Prediction, _: Args) -> _Lines:
    return [
        ("side", Code(f"2 * {p.target} - 1")),
        ("loss", Code(f"functional.relu(1 - {p.own('side')} * {p.name}).mean()")),
    ]


#: Probabilities that do not come straight from logits are kept off 0 and 1, as Keras does.
_CLAMP = "clamp(1e-7, 1 - 1e-7)"


def _smoothed(p: _Prediction, args: Args, classes: str) -> tuple[_Lines, str]:
    """The line that smooths the target, if it is smoothed, and what the loss compares with."""
    share = args["label_smoothing"]
    if not share:
        return [], p.target
    smooth = f"{p.target} + {literal(share)} * (1 / {classes} - {p.target})"
    return [("smooth", Code(smooth))], p.own("smooth")


def _binary(p: _Prediction, args: Args) -> _Lines:
    lines, target = _smoothed(p, args, "2")
    if p.logits:
        function, guess = "functional.binary_cross_entropy_with_logits", p.name
    else:
        function, guess = "functional.binary_cross_entropy", f"{p.name}.{_CLAMP}"
    return [*lines, ("loss", Call(function, (Code(guess), Code(target))))]


def _categorical(p: _Prediction, args: Args) -> _Lines:
    if p.logits:
        target = p.target if p.rank == 2 else f"{p.target}.flatten(0, -2)"
        share = args["label_smoothing"]
        keywords = (("label_smoothing", share),) if share else ()
        call = Call("functional.cross_entropy", (Code(p.rows), Code(target)), keywords)
        return [("loss", call)]
    lines, target = _smoothed(p, args, f"{p.target}.shape[-1]")
    return [*lines, ("loss", Code(f"-({target} * {p.name}.{_CLAMP}.log()).sum(-1).mean()"))]


def _sparse(p: _Prediction, _: Args) -> _Lines:
    target = p.target if p.rank == 2 else f"{p.target}.flatten()"
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
        hits = f"(({p.name} > {threshold}) == ({p.target} > 0.5))"
    else:
        truth = f"{p.target}.argmax(-1)" if target == "one_hot" else p.target
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
