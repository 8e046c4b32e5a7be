"""``train.py``: the optimiser and clipping, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, assign, literal, mapping
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.vocabulary.spec import Setting

Args = Mapping[str, Any]
Keywords = tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class _Stock:
    """An optimiser: its class, what it is given besides the rate, and remarks.

    ``steady`` says that it is Keras's only while the learning rate stays the same, ``own`` that
    PyTorch has none, ``decays`` that it takes care of weight decay as Keras does.
    """

    function: str
    keywords: Keywords
    notes: tuple[str, ...] = ()
    steady: bool = False
    own: bool = False
    decays: bool = False


def _sgd(args: Args) -> _Stock:
    keywords: list[tuple[str, Expr]] = []
    if args["momentum"]:
        keywords.append(("momentum", args["momentum"]))
        keywords += [("nesterov", True)] if args["nesterov"] else []
    return _Stock("SGD", tuple(keywords), steady=bool(args["momentum"]))


def _betas(args: Args) -> Keywords:
    betas = (args["beta_1"], args["beta_2"])
    return (("betas", Group("(", betas)),) if betas != (0.9, 0.999) else ()


_ADAM_NOTES = (
    "eps as in Keras; PyTorch adds it after the bias correction, so the first steps differ",
    "a little. fused: one kernel updates all weights, on CPUs too.",
)


def _adam(args: Args) -> _Stock:
    """With weight decay, Keras's Adam is AdamW."""
    decays = args["weight_decay"] is not None
    keywords: list[tuple[str, Expr]] = [*_betas(args), ("eps", args["epsilon"])]
    keywords += [("weight_decay", args["weight_decay"])] if decays else []
    keywords += [("amsgrad", True)] if args["amsgrad"] else []
    keywords.append(("fused", True))
    return _Stock("AdamW" if decays else "Adam", tuple(keywords), _ADAM_NOTES, decays=True)


def _nadam(args: Args) -> _Stock:
    keywords = [*_betas(args), ("eps", args["epsilon"]), ("momentum_decay", 1.0)]
    if args["weight_decay"] is not None:
        keywords += [("weight_decay", args["weight_decay"]), ("decoupled_weight_decay", True)]
    notes = ("momentum_decay and eps as in Keras, where momentum warms up sooner.",)
    return _Stock("NAdam", tuple(keywords), notes, decays=True)


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
    return _Stock("RMSprop", tuple(keywords), notes, steady=bool(args["momentum"]))


def _lion(args: Args) -> _Stock:
    betas = (("beta_1", args["beta_1"]), ("beta_2", args["beta_2"]))
    return _Stock("Lion", betas, own=True)


OPTIMIZERS: Mapping[str, Callable[[Args], _Stock]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adam,
    "nadam": _nadam,
    "adamax": _adamax,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "lion": _lion,
}


@dataclass(frozen=True, slots=True)
class OptimizerPlan:
    """The expression that makes the optimiser, remarks on it, and its class if that is our own.

    ``own`` names the class of ``templates/torch/optimizers.j2`` that the program has, if any.
    ``decay`` says that weight decay is left to the program.
    """

    make: Call
    notes: tuple[str, ...]
    decay: bool
    own: str = ""
    nesterov: bool = False
    centered: bool = False


def plan_optimizer(setting: Setting, *, changes: bool) -> OptimizerPlan:
    """How the optimiser of a model's parameters is made; ``changes`` tells of its rate."""
    args = setting.args
    scheduled = isinstance(args["learning_rate"], Setting)
    rate = ("lr", Code("learning_rate(0)" if scheduled else "LEARNING_RATE"))
    parameters = (Code("model.parameters()"),)
    stock = OPTIMIZERS[setting.name](args)
    decay = args["weight_decay"] is not None and not stock.decays
    if not stock.own and not (stock.steady and changes):
        made = Call(f"torch.optim.{stock.function}", parameters, (rate, *stock.keywords))
        return OptimizerPlan(made, stock.notes, decay)
    names = [name for name in ("rho", "momentum", "beta_1", "beta_2", "epsilon") if name in args]
    own: Keywords = (rate, *((name, args[name]) for name in names))
    return OptimizerPlan(
        Call(stock.function, parameters, own),
        (),
        decay,
        own=stock.function,
        nesterov=bool(args.get("nesterov")),
        centered=bool(args.get("centered")),
    )


def plan_clips(args: Args, model: str, *, joint: bool) -> list[str]:
    """The lines between the gradients and the step; ``joint`` as in :func:`plan_joint`."""
    lines: list[str] = []
    if args.get("clipnorm") is not None:
        weights = f"one_by_one({model})" if joint else f"{model}.parameters()"
        lines += [f"for weight in {weights}:", "    nn.utils.clip_grad_norm_(weight, CLIPNORM)"]
    if args.get("global_clipnorm") is not None:
        lines.append(f"nn.utils.clip_grad_norm_({model}.parameters(), GLOBAL_CLIPNORM)")
    if args.get("clipvalue") is not None:
        lines.append(f"nn.utils.clip_grad_value_({model}.parameters(), CLIPVALUE)")
    return lines


def plan_joint(args: Args, model: ModelPlan) -> list[str]:
    """The lines of the constant that tells which parameters are clipped together.

    A GRU's two biases are one weight in Keras, and so is their norm.
    """
    if args.get("clipnorm") is None:
        return []
    pairs: list[tuple[Expr, Expr]] = [
        (f"{slot.owner}.{piece.name}", f"{slot.owner}.{slot.pieces[0].name}")
        for slot in model.slots
        for piece in slot.pieces[1:]
    ]
    note = "biases that are one weight in Keras"
    return assign("JOINT", mapping(pairs), note=note) if pairs else []
