"""Optimisers, the schedules of their learning rates, and what lowers a rate.

A schedule counts steps as Keras does: one for each batch, the first being 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    BOOL,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    WHOLE,
    Arg,
    Entry,
    Flaw,
    Kind,
    list_of,
    one_of,
)

RATE = Kind(
    "a number above zero, or a schedule such as cosine_decay(0.01, decay_steps=1000)",
    ABOVE_ZERO.accepts,
    samples=ABOVE_ZERO.samples,
    otherwise=one_of("schedule", "a schedule such as cosine_decay(0.01, decay_steps=1000)"),
)

_CLIPPING = (
    Arg(
        "clipnorm",
        ABOVE_ZERO,
        None,
        "Largest norm of the gradient of each weight; one way to clip at a time.",
    ),
    Arg("global_clipnorm", ABOVE_ZERO, None, "Largest norm of all gradients together."),
    Arg("clipvalue", ABOVE_ZERO, None, "Largest size of any entry of a gradient."),
)


_DECAY = Arg("weight_decay", NOT_NEGATIVE, None, "Share of each weight taken off, by step size.")
_ACCUMULATION = Arg(
    "gradient_accumulation_steps",
    Kind("a whole number above one", lambda v: POSITIVE.accepts(v) and v != 1, samples=(2, 3)),
    None,
    "How many batches make one step: their gradients are averaged.",
)
_AVERAGING = (
    Arg("use_ema", BOOL, False, "Average the weights of all steps; validate and keep averages."),
    Arg("ema_momentum", FRACTION, 0.99, "Decay of the average."),
    Arg("ema_overwrite_frequency", POSITIVE, None, "After how many steps weights become averages."),
)


def _averaged(args: Mapping[str, Any]) -> Flaw | None:
    if args["use_ema"]:
        return None
    for arg in _AVERAGING[1:]:
        if args[arg.name] != arg.default:
            what = f"`{arg.name}` without `use_ema` would do nothing"
            return Flaw(arg.name, what, "write use_ema=true, or leave it out")
    return None


def _optimizer(name: str, summary: str, rate: float, *args: Arg) -> Entry:
    learning_rate = Arg("learning_rate", RATE, rate, "Step size.")
    own = (learning_rate, *args)
    decay = () if _DECAY.name in [arg.name for arg in args] else (_DECAY,)
    every = (*decay, *_CLIPPING, _ACCUMULATION, *_AVERAGING)
    return Entry(
        name, "optimizer", summary, (*own, *every), source="keras.optimizers", rule=_averaged
    )


_EPSILON = Arg("epsilon", ABOVE_ZERO, 1e-7, "Keeps the division finite.")
_BETAS = (
    Arg("beta_1", FRACTION, 0.9, "Decay of the mean of gradients."),
    Arg("beta_2", FRACTION, 0.999, "Decay of the mean of squared gradients."),
)
_AMSGRAD = Arg("amsgrad", BOOL, False, "Divide by the largest mean square so far.")
_OPTIMIZERS = (
    _optimizer(
        "sgd",
        "Gradient descent, with momentum if asked for.",
        0.01,
        Arg("momentum", FRACTION, 0.0, "Share of the last step that is kept."),
        Arg("nesterov", BOOL, False, "Nesterov's form of momentum."),
    ),
    _optimizer(
        "adam",
        "Adam. Kingma and Ba 2014.",
        0.001,
        *_BETAS,
        _EPSILON,
        _AMSGRAD,
    ),
    _optimizer(
        "adamw",
        "Adam with decoupled weight decay. Loshchilov and Hutter 2019.",
        0.001,
        Arg("weight_decay", NOT_NEGATIVE, 0.004, "Share of each weight taken off, by step size."),
        *_BETAS,
        _EPSILON,
        _AMSGRAD,
    ),
    _optimizer("nadam", "Adam with Nesterov momentum. Dozat 2015.", 0.001, *_BETAS, _EPSILON),
    _optimizer(
        "adamax",
        "Adam with the largest gradient in place of the mean square. Kingma and Ba 2014.",
        0.001,
        _BETAS[0],
        Arg("beta_2", FRACTION, 0.999, "Decay of the largest gradient."),
        _EPSILON,
    ),
    _optimizer(
        "adagrad",
        "Adagrad: steps shrink with the sum of squared gradients. Duchi et al. 2011.",
        0.001,
        Arg("initial_accumulator_value", NOT_NEGATIVE, 0.1, "What the sum starts at."),
        _EPSILON,
    ),
    _optimizer(
        "adadelta",
        "Adadelta: steps as large as the mean of recent ones. Zeiler 2012.",
        0.001,
        Arg("rho", FRACTION, 0.95, "Decay of the means of squared gradients and steps."),
        _EPSILON,
    ),
    _optimizer(
        "rmsprop",
        "RMSprop. Tieleman and Hinton 2012.",
        0.001,
        Arg("rho", FRACTION, 0.9, "Decay of the mean of squared gradients."),
        Arg("momentum", FRACTION, 0.0, "Share of the last step that is kept."),
        _EPSILON,
        Arg("centered", BOOL, False, "Subtract the squared mean of gradients."),
    ),
    _optimizer(
        "lion",
        "Lion: steps of one size, in the direction of momentum. Chen et al. 2023.",
        0.001,
        Arg("beta_1", FRACTION, 0.9, "Share of the mean of gradients in the direction."),
        Arg("beta_2", FRACTION, 0.99, "Decay of the mean of gradients."),
    ),
)
OPTIMIZERS: dict[str, Entry] = {e.name: e for e in _OPTIMIZERS}

# ----------------------------------------------------------------------------------- the schedules

_START = Arg("initial_learning_rate", ABOVE_ZERO, doc="The rate at step 0.")
_STEPS = Arg("decay_steps", POSITIVE, doc="How many steps the decay takes.")
_STAIRCASE = Arg("staircase", BOOL, False, "Fall once in decay_steps, not a little at each step.")
_ALPHA = Arg("alpha", FRACTION, 0.0, "The share of the rate that is left at the end.")
_BOUNDARIES = list_of(POSITIVE, "a list of steps, such as [100, 200]", (100,), (3, 8))
_VALUES = list_of(ABOVE_ZERO, "a list of rates, such as [0.01, 0.001]", (0.1, 0.01))
_AT_LEAST_ONE = Kind(
    "a number, one or more",
    lambda v: ABOVE_ZERO.accepts(v) and isinstance(v, int | float) and v >= 1,
    samples=(1.0, 1.5),
)
_SHARE = Kind(
    "a number above 0 and below 1",
    lambda v: ABOVE_ZERO.accepts(v) and FRACTION.accepts(v),
    samples=(0.5,),
)


def _schedule(name: str, summary: str, *args: Arg, rule: Any = None) -> Entry:
    return Entry(name, "schedule", summary, args, source="keras.optimizers.schedules", rule=rule)


def _one_more(args: Mapping[str, Any]) -> Flaw | None:
    boundaries, values = args["boundaries"], args["values"]
    if list(boundaries) != sorted(set(boundaries)):
        return Flaw("boundaries", "the boundaries do not rise", "write each step once, in order")
    if len(values) == len(boundaries) + 1:
        return None
    count = f"{len(boundaries) + 1}, not {len(values)}"
    what = f"`values` takes one rate more than there are boundaries: {count}"
    return Flaw("values", what, "write a rate for before the first boundary, and one after each")


def _warm_up(args: Mapping[str, Any]) -> Flaw | None:
    if args["warmup_target"] is None and args["warmup_steps"]:
        what = "`warmup_steps` without `warmup_target` would do nothing"
        return Flaw("warmup_steps", what, "write where the warm-up leads: warmup_target=0.01")
    if args["warmup_target"] is not None and not args["warmup_steps"]:
        what = "`warmup_target` without `warmup_steps` leaves no time for the warm-up"
        return Flaw("warmup_target", what, "write how long it takes: warmup_steps=100")
    return None


_SCHEDULES = (
    _schedule(
        "exponential_decay",
        "The rate is multiplied by decay_rate in every decay_steps.",
        _START,
        _STEPS,
        Arg("decay_rate", ABOVE_ZERO, doc="The factor."),
        _STAIRCASE,
    ),
    _schedule(
        "piecewise_constant_decay",
        "One rate up to and with each boundary, and a last one after them.",
        Arg("boundaries", _BOUNDARIES, doc="The last step of each rate but the last."),
        Arg("values", _VALUES, doc="The rates, one more than boundaries."),
        rule=_one_more,
    ),
    _schedule(
        "polynomial_decay",
        "The rate falls to end_learning_rate along a power; with power=1 on a straight line.",
        _START,
        _STEPS,
        Arg("end_learning_rate", NOT_NEGATIVE, 0.0001, "The rate at the end."),
        Arg("power", ABOVE_ZERO, 1.0, "The power."),
        Arg("cycle", BOOL, False, "Begin again after the end, each time for decay_steps more."),
    ),
    _schedule(
        "inverse_time_decay",
        "The rate is divided by 1 + decay_rate * step / decay_steps.",
        _START,
        _STEPS,
        Arg("decay_rate", ABOVE_ZERO, doc="How much the divisor grows in decay_steps."),
        _STAIRCASE,
    ),
    _schedule(
        "cosine_decay",
        "The rate falls along half a wave. Loshchilov and Hutter 2017.",
        Arg(
            "initial_learning_rate",
            NOT_NEGATIVE,
            doc="The rate at step 0; what the warm-up starts from, if there is one.",
        ),
        _STEPS,
        _ALPHA,
        Arg("warmup_target", ABOVE_ZERO, None, "The rate that a warm-up leads to before."),
        Arg("warmup_steps", WHOLE, 0, "How many steps the warm-up takes."),
        rule=_warm_up,
    ),
    _schedule(
        "cosine_decay_restarts",
        "The rate falls along half a wave, again and again. Loshchilov and Hutter 2017.",
        _START,
        Arg("first_decay_steps", POSITIVE, doc="How many steps the first wave takes."),
        Arg("t_mul", _AT_LEAST_ONE, 2.0, "How many times longer each wave is."),
        Arg("m_mul", ABOVE_ZERO, 1.0, "What the height of each next wave is multiplied by."),
        _ALPHA,
    ),
)
SCHEDULES: dict[str, Entry] = {e.name: e for e in _SCHEDULES}

REDUCTIONS: dict[str, Entry] = {
    "on_plateau": Entry(
        "on_plateau",
        "reduction",
        "Lowers the learning rate when the validation loss no longer falls.",
        (
            Arg("factor", _SHARE, 0.1, "What the rate is multiplied by."),
            Arg("patience", POSITIVE, 10, "After how many epochs without improvement."),
            Arg("min_delta", NOT_NEGATIVE, 1e-4, "The least that counts as improvement."),
            Arg("cooldown", WHOLE, 0, "How many epochs after it are not counted."),
            Arg("min_lr", NOT_NEGATIVE, 0.0, "The least rate."),
        ),
        source="keras.callbacks.ReduceLROnPlateau",
    )
}
