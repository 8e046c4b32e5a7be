"""Losses and metrics, each as the PyTorch expressions that compute it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seqspec.backends.python_text import Call, Code, Expr, call
from seqspec.backends.torch.elements import ELEMENTS
from seqspec.backends.torch.prediction import CLAMP, Args, Lines, Prediction, smoothed, spread


def _kept(loss: str, p: Prediction) -> Expr:
    """A metric that is a loss, of the entries that count."""
    ((_, values),) = ELEMENTS[loss](p, {})
    return call("mean_over", values, Code(p.kept))


def _mse(p: Prediction) -> Expr:
    if p.kept:
        return _kept("mse", p)
    return Call("functional.mse_loss", (Code(p.name), Code(p.target)))


def _mae(p: Prediction) -> Expr:
    if p.kept:
        return _kept("mae", p)
    return Call("functional.l1_loss", (Code(p.name), Code(p.target)))


def _mape(p: Prediction) -> Expr:
    if p.kept:
        return _kept("mape", p)
    share = f"({p.target} - {p.name}) / {p.target}.abs().clamp(min=1e-7)"
    return Code(f"100 * ({share}).abs().mean()")


def _msle(p: Prediction) -> Expr:
    operands = (Code(f"{name}.clamp(min=1e-7).log1p()") for name in (p.name, p.target))
    return Call("functional.mse_loss", tuple(operands))


def _logarithm_of_cosh(p: Prediction) -> Expr:
    error = f"{p.name} - {p.target}, {p.target} - {p.name}"
    return Code(f"torch.logaddexp({error}).mean() - math.log(2)")


def _cosine_of(p: Prediction) -> Expr:
    keywords = (("dim", -1), ("eps", 1e-7))
    operands = (Code(p.name), Code(p.target))
    return Call("functional.cosine_similarity", operands, keywords, behind=".mean()")


def _huber(p: Prediction, args: Args) -> Lines:
    delta = (("delta", args["delta"]),) if args["delta"] != 1 else ()
    return [("loss", Call("functional.huber_loss", (Code(p.name), Code(p.target)), delta))]


def _log_cosh(p: Prediction, _: Args) -> Lines:
    # Without the overflow of cosh.
    error = p.own("error")
    value = f"({error} + functional.softplus(-2 * {error}) - math.log(2)).mean()"
    return [("error", Code(f"{p.name} - {p.target}")), ("loss", Code(value))]


def _poisson(p: Prediction, _: Args) -> Lines:
    keywords = (("log_input", False), ("eps", 1e-7))
    return [("loss", Call("functional.poisson_nll_loss", (Code(p.name), Code(p.target)), keywords))]


def _cosine(p: Prediction, _: Args) -> Lines:
    keywords = (("dim", -1), ("eps", 1e-7))
    call = Call("functional.cosine_similarity", (Code(p.name), Code(p.target)), keywords)
    return [("cosine", call), ("loss", Code(f"-{p.own('cosine')}.mean()"))]


def _divergence(p: Prediction, _: Args) -> Lines:
    truth, ratio = p.own("truth"), p.own("ratio")
    return [
        ("truth", Code(f"{p.target}.clamp(1e-7, 1)")),
        ("ratio", Code(f"{truth} / {p.name}.clamp(1e-7, 1)")),
        ("loss", Code(f"({truth} * {ratio}.log()).sum(-1).mean()")),
    ]


def _hinge(p: Prediction, _: Args) -> Lines:
    return [
        ("side", Code(f"2 * {p.target} - 1")),
        ("loss", Code(f"functional.relu(1 - {p.own('side')} * {p.name}).mean()")),
    ]


def _binary(p: Prediction, args: Args) -> Lines:
    lines, target = smoothed(p, args, "2")
    if p.logits:
        function, guess = "functional.binary_cross_entropy_with_logits", p.name
    else:
        function, guess = "functional.binary_cross_entropy", f"{p.name}.{CLAMP}"
    return [*lines, ("loss", Call(function, (Code(guess), Code(target))))]


def _categorical(p: Prediction, args: Args) -> Lines:
    if p.logits:
        target = p.target if p.rank == 2 else f"{p.target}.flatten(0, -2)"
        share = args["label_smoothing"]
        keywords = (("label_smoothing", share),) if share else ()
        call = Call("functional.cross_entropy", (Code(p.rows), Code(target)), keywords)
        return [("loss", call)]
    lines, target = smoothed(p, args, f"{p.target}.shape[-1]")
    return [*lines, ("loss", Code(f"-({target} * {p.name}.{CLAMP}.log()).sum(-1).mean()"))]


def _sparse(p: Prediction, args: Args) -> Lines:
    target = p.target if p.rank == 2 else f"{p.target}.flatten()"
    share = args["label_smoothing"]
    if p.logits:
        keywords = (("label_smoothing", share),) if share else ()
        return [("loss", Call("functional.cross_entropy", (Code(p.rows), Code(target)), keywords))]
    guess = f"{p.rows}.{CLAMP}.log()"
    if not share:
        return [("loss", Call("functional.nll_loss", (Code(guess), Code(target))))]
    logs, right = p.own("logs"), p.own("right")
    return [
        ("logs", Code(guess)),
        ("right", Call("functional.nll_loss", (Code(logs), Code(target)))),
        ("loss", Code(spread(right, f"{logs}.mean()", share))),
    ]


LOSSES: Mapping[str, Callable[[Prediction, Args], Lines]] = {
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


def _accuracy(p: Prediction, target: str) -> Expr:
    if target == "binary":
        # A logit above 0 is a probability above one half.
        threshold = "0" if p.logits else "0.5"
        hits = f"(({p.name} > {threshold}) == ({p.target} > 0.5))"
        if p.kept:
            return Code(f"mean_over({hits}.float().mean(-1), {p.kept})")
    else:
        truth = f"{p.target}.argmax(-1)" if target == "one_hot" else p.target
        hits = f"({p.name}.argmax(-1) == {truth})"
    inner = hits.removeprefix("(").removesuffix(")")
    return Code(f"mean_over({inner}, {p.kept})" if p.kept else f"{hits}.float().mean()")


#: ``rmse`` is made of the mean square once an epoch is over.
METRICS: Mapping[str, Callable[[Prediction, str], Expr]] = {
    "accuracy": _accuracy,
    "mse": lambda p, _: _mse(p),
    "rmse": lambda p, _: _mse(p),
    "mae": lambda p, _: _mae(p),
    "mape": lambda p, _: _mape(p),
    "msle": lambda p, _: _msle(p),
    "log_cosh": lambda p, _: _logarithm_of_cosh(p),
    "cosine_similarity": lambda p, _: _cosine_of(p),
}
