"""Losses before their mean: a value for each sample, or each step of one, to be weighed.

Each entry gives assignments, the last of which is to ``values``, of the shape of the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seqspec.backends.python_text import Call, Code, Expr, literal
from seqspec.backends.torch.prediction import CLAMP, Args, Lines, Prediction, smoothed, spread

_NONE: tuple[tuple[str, Expr], ...] = (("reduction", "none"),)


def _each(function: str, p: Prediction, *keywords: tuple[str, Expr]) -> Lines:
    """A function of PyTorch for each number, and the mean over the last axis."""
    call = Call(function, (Code(p.name), Code(p.target)), (*keywords, *_NONE), behind=".mean(-1)")
    return [("values", call)]


def _mape(p: Prediction, _: Args) -> Lines:
    share = f"({p.target} - {p.name}) / {p.target}.abs().clamp(min=1e-7)"
    return [("values", Code(f"100 * ({share}).abs().mean(-1)"))]


def _huber(p: Prediction, args: Args) -> Lines:
    delta = (("delta", args["delta"]),) if args["delta"] != 1 else ()
    return _each("functional.huber_loss", p, *delta)


def _log_cosh(p: Prediction, _: Args) -> Lines:
    error = p.own("error")
    value = f"({error} + functional.softplus(-2 * {error}) - math.log(2)).mean(-1)"
    return [("error", Code(f"{p.name} - {p.target}")), ("values", Code(value))]


def _poisson(p: Prediction, _: Args) -> Lines:
    return _each("functional.poisson_nll_loss", p, ("log_input", False), ("eps", 1e-7))


def _cosine(p: Prediction, _: Args) -> Lines:
    keywords = (("dim", -1), ("eps", 1e-7))
    call = Call("functional.cosine_similarity", (Code(p.name), Code(p.target)), keywords)
    return [("cosine", call), ("values", Code(f"-{p.own('cosine')}"))]


def _divergence(p: Prediction, _: Args) -> Lines:
    truth, ratio = p.own("truth"), p.own("ratio")
    return [
        ("truth", Code(f"{p.target}.clamp(1e-7, 1)")),
        ("ratio", Code(f"{truth} / {p.name}.clamp(1e-7, 1)")),
        ("values", Code(f"({truth} * {ratio}.log()).sum(-1)")),
    ]


def _hinge(p: Prediction, _: Args) -> Lines:
    return [
        ("side", Code(f"2 * {p.target} - 1")),
        ("values", Code(f"functional.relu(1 - {p.own('side')} * {p.name}).mean(-1)")),
    ]


def _squared_hinge(p: Prediction, _: Args) -> Lines:
    margin = f"functional.relu(1 - {p.own('side')} * {p.name})"
    return [
        ("side", Code(f"2 * {p.target} - 1")),
        ("values", Code(f"{margin}.square().mean(-1)")),
    ]


def _categorical_hinge(p: Prediction, _: Args) -> Lines:
    right, wrong = p.own("right"), p.own("wrong")
    return [
        ("right", Code(f"({p.target} * {p.name}).sum(-1)")),
        ("wrong", Code(f"((1 - {p.target}) * {p.name}).amax(-1)")),
        ("values", Code(f"functional.relu({wrong} - {right} + 1)")),
    ]


def _logarithmic(p: Prediction, _: Args) -> Lines:
    difference = f"{p.name}.clamp(min=1e-7).log1p() - {p.target}.clamp(min=1e-7).log1p()"
    return [("values", Code(f"({difference}).square().mean(-1)"))]


def _doubt(p: Prediction, args: Args, sure: str) -> str:
    """The factor that makes sure answers count less."""
    gamma = args["gamma"]
    return f"(1 - {sure})" if gamma == 1 else f"(1 - {sure}) ** {literal(gamma)}"


def _binary_focal(p: Prediction, args: Args) -> Lines:
    lines, target = smoothed(p, args, "2")
    chance, sure, entropy = p.own("chance"), p.own("sure"), p.own("entropy")
    operands = Code(p.name if p.logits else f"{p.name}.{CLAMP}"), Code(target)
    function = "functional.binary_cross_entropy"
    function += "_with_logits" if p.logits else ""
    lines += [
        ("entropy", Call(function, operands, _NONE)),
        ("chance", Code(f"torch.sigmoid({p.name})" if p.logits else p.name)),
        ("sure", Code(f"{target} * {chance} + (1 - {target}) * (1 - {chance})")),
    ]
    value = f"{_doubt(p, args, sure)} * {entropy}"
    if args["apply_class_balancing"]:
        alpha = literal(args["alpha"])
        balance = f"{target} * {alpha} + (1 - {target}) * (1 - {alpha})"
        lines.append(("balance", Code(balance)))
        value = f"{p.own('balance')} * {value}"
    return [*lines, ("values", Code(f"({value}).mean(-1)"))]


def _categorical_focal(p: Prediction, args: Args) -> Lines:
    lines, target = smoothed(p, args, f"{p.target}.shape[-1]")
    chance = p.own("chance")
    guess = f"torch.softmax({p.name}, dim=-1)" if p.logits else p.name
    alpha = literal(args["alpha"])
    value = f"{alpha} * {_doubt(p, args, chance)} * {target} * {chance}.log()"
    return [
        *lines,
        ("chance", Code(f"{guess}.{CLAMP}")),
        ("values", Code(f"-({value}).sum(-1)")),
    ]


def _binary(p: Prediction, args: Args) -> Lines:
    lines, target = smoothed(p, args, "2")
    if p.logits:
        function, guess = "functional.binary_cross_entropy_with_logits", p.name
    else:
        function, guess = "functional.binary_cross_entropy", f"{p.name}.{CLAMP}"
    call = Call(function, (Code(guess), Code(target)), _NONE, behind=".mean(-1)")
    return [*lines, ("values", call)]


def _classes_first(name: str, rank: int) -> Code:
    """PyTorch has the classes on the axis after the batch."""
    return Code(name if rank == 2 else f"{name}.movedim(-1, 1)")


def _categorical(p: Prediction, args: Args) -> Lines:
    if p.logits:
        share = args["label_smoothing"]
        keywords = (("label_smoothing", share),) if share else ()
        operands = (_classes_first(p.name, p.rank), _classes_first(p.target, p.rank))
        return [("values", Call("functional.cross_entropy", operands, (*keywords, *_NONE)))]
    lines, target = smoothed(p, args, f"{p.target}.shape[-1]")
    return [*lines, ("values", Code(f"-({target} * {p.name}.{CLAMP}.log()).sum(-1)"))]


def _sparse(p: Prediction, args: Args) -> Lines:
    ignored = args["ignore_class"]
    keywords = (("ignore_index", ignored),) if ignored is not None else ()
    share = args["label_smoothing"]
    if p.logits:
        keywords += (("label_smoothing", share),) if share else ()
        operands = (_classes_first(p.name, p.rank), Code(p.target))
        return [("values", Call("functional.cross_entropy", operands, (*keywords, *_NONE)))]
    guess = f"{p.name}.{CLAMP}.log()"
    logs, right = p.own("logs"), p.own("right")
    operands = (_classes_first(logs if share else guess, p.rank), Code(p.target))
    nll = Call("functional.nll_loss", operands, (*keywords, *_NONE))
    if not share:
        return [("values", nll)]
    return [
        ("logs", Code(guess)),
        ("right", nll),
        ("values", Code(spread(right, f"{logs}.mean(-1)", share))),
    ]


ELEMENTS: Mapping[str, Callable[[Prediction, Args], Lines]] = {
    "mse": lambda p, _: _each("functional.mse_loss", p),
    "mae": lambda p, _: _each("functional.l1_loss", p),
    "mape": _mape,
    "msle": _logarithmic,
    "huber": _huber,
    "log_cosh": _log_cosh,
    "poisson": _poisson,
    "cosine_similarity": _cosine,
    "kl_divergence": _divergence,
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "categorical_hinge": _categorical_hinge,
    "binary_focal_crossentropy": _binary_focal,
    "categorical_focal_crossentropy": _categorical_focal,
    "binary_crossentropy": _binary,
    "categorical_crossentropy": _categorical,
    "sparse_categorical_crossentropy": _sparse,
}


def reduced(p: Prediction) -> str:
    """The mean that Keras takes: of what is kept, each entry multiplied by its weight."""
    factors = [p.own("values"), *([p.weight] if p.weight else [])]
    value = " * ".join(factors)
    if p.kept:
        return f"mean_over({value}, {p.kept})"
    return f"({value}).mean()" if p.weight else f"{value}.mean()"
