"""``train.py``: the optimiser and clipping, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, assign, literal
from seqspec.vocabulary.spec import Setting

Args = Mapping[str, Any]
Keywords = tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class _Stock:
    """An optimiser of PyTorch: its class, what it is given besides the rate, and remarks."""

    function: str
    keywords: Keywords
    notes: tuple[str, ...] = ()


def _sgd(args: Args) -> _Stock:
    keywords: list[tuple[str, Expr]] = []
    if args["momentum"]:
        keywords.append(("momentum", args["momentum"]))
        keywords += [("nesterov", True)] if args["nesterov"] else []
    return _Stock("SGD", tuple(keywords))


def _betas(args: Args) -> Keywords:
    betas = (args["beta_1"], args["beta_2"])
    return (("betas", Group("(", betas)),) if betas != (0.9, 0.999) else ()


_ADAM_NOTES = (
    "eps as in Keras; PyTorch adds it after the bias correction, so the first steps differ",
    "a little. fused: one kernel updates all weights, on CPUs too.",
)


def _adam(args: Args) -> _Stock:
    keywords = (*_betas(args), ("eps", args["epsilon"]), ("fused", True))
    return _Stock("Adam", keywords, _ADAM_NOTES)


def _adamw(args: Args) -> _Stock:
    decay = ("weight_decay", args["weight_decay"])
    keywords = (*_betas(args), ("eps", args["epsilon"]), decay, ("fused", True))
    return _Stock("AdamW", keywords, _ADAM_NOTES)


def _nadam(args: Args) -> _Stock:
    keywords = (*_betas(args), ("eps", args["epsilon"]), ("momentum_decay", 1.0))
    return _Stock(
        "NAdam", keywords, ("momentum_decay and eps as in Keras, where momentum warms up sooner.",)
    )


def _adamax(args: Args) -> _Stock:
    return _Stock(
        "Adamax",
        (*_betas(args), ("eps", args["epsilon"])),
        ("eps as in Keras; PyTorch adds it to each gradient, Keras to the largest.",),
    )


def _adagrad(args: Args) -> _Stock:
    start = f"{literal(args['initial_accumulator_value'])} + {literal(args['epsilon'])}"
    keywords = (("initial_accumulator_value", Code(start)), ("eps", 0.0))
    notes = ("Keras adds its epsilon under the root: the sum of squares starts with it.",)
    return _Stock("Adagrad", keywords, notes)


def _adadelta(args: Args) -> _Stock:
    return _Stock("Adadelta", (("rho", args["rho"]), ("eps", args["epsilon"])))


def _rmsprop(args: Args) -> _Stock:
    keywords: list[tuple[str, Expr]] = [("alpha", args["rho"]), ("eps", args["epsilon"])]
    keywords += [("momentum", args["momentum"])] if args["momentum"] else []
    keywords += [("centered", True)] if args["centered"] else []
    notes = (
        "eps as in Keras, which adds it under the root; PyTorch adds it to the root, so that",
        "steps with tiny gradients are larger.",
    )
    return _Stock("RMSprop", tuple(keywords), notes)


OPTIMIZERS: Mapping[str, Callable[[Args], _Stock]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "nadam": _nadam,
    "adamax": _adamax,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
}


def plan_optimizer(setting: Setting) -> list[str]:
    """The lines that make the optimiser of a model's parameters."""
    stock = OPTIMIZERS[setting.name](setting.args)
    keywords: Keywords = (("lr", Code("LEARNING_RATE")), *stock.keywords)
    call = Call(f"torch.optim.{stock.function}", (Code("model.parameters()"),), keywords)
    return [*(f"    # {note}" for note in stock.notes), *assign("optimizer", call, indent=4)]


def plan_clips(args: Args) -> list[str]:
    """The lines between the gradients and the step."""
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
