"""``train.py``: schedules of the learning rate, as functions of the number of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Expr, Group, assign, docstring
from seqspec.vocabulary.spec import Setting

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that stands by its name at the top of the program."""

    name: str
    value: Expr
    note: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The constants of a schedule, what its function says of itself, and the function's lines."""

    constants: tuple[Constant, ...]
    doc: str
    lines: tuple[str, ...]


def _start(args: Args, note: str = "at first") -> Constant:
    return Constant("LEARNING_RATE", float(args["initial_learning_rate"]), note)


def _steps(args: Args, name: str = "decay_steps") -> Constant:
    return Constant(name.upper(), args[name], "batches")


def _exponential(args: Args) -> Schedule:
    constants = (_start(args), _steps(args), Constant("DECAY_RATE", float(args["decay_rate"])))
    power = "step // DECAY_STEPS" if args["staircase"] else "step / DECAY_STEPS"
    once = "Multiplied by DECAY_RATE once" if args["staircase"] else "Multiplied by DECAY_RATE"
    return Schedule(
        constants, f"{once} in DECAY_STEPS.", (f"return LEARNING_RATE * DECAY_RATE ** ({power})",)
    )


def _inverse_time(args: Args) -> Schedule:
    constants = (_start(args), _steps(args), Constant("DECAY_RATE", float(args["decay_rate"])))
    share = "(step // DECAY_STEPS)" if args["staircase"] else "step / DECAY_STEPS"
    return Schedule(
        constants,
        "Divided by a number that grows by DECAY_RATE in DECAY_STEPS.",
        (f"return LEARNING_RATE / (1 + DECAY_RATE * {share})",),
    )


def _piecewise(args: Args) -> Schedule:
    rates = Group("(", tuple(float(v) for v in args["values"]))
    boundaries = Group("(", tuple(args["boundaries"]))
    return Schedule(
        (
            Constant("LEARNING_RATES", rates),
            Constant("BOUNDARIES", boundaries, "the last batch of each rate but the last"),
        ),
        "One rate up to each boundary, and a last one.",
        ("return LEARNING_RATES[sum(step > boundary for boundary in BOUNDARIES)]",),
    )


def _polynomial(args: Args) -> Schedule:
    constants = [_start(args), _steps(args)]
    constants.append(Constant("END_LEARNING_RATE", float(args["end_learning_rate"])))
    left = "(1 - share)"
    if args["power"] != 1:
        constants.append(Constant("POWER", float(args["power"])))
        left += " ** POWER"
    lines = ("share = min(step / DECAY_STEPS, 1)",)
    if args["cycle"]:
        lines = (
            "decay_steps = DECAY_STEPS * max(math.ceil(step / DECAY_STEPS), 1)",
            "share = step / decay_steps",
        )
    result = f"return END_LEARNING_RATE + (LEARNING_RATE - END_LEARNING_RATE) * {left}"
    along = "on a straight line" if args["power"] == 1 else "along a power"
    again = ", then begins again for longer" if args["cycle"] else ""
    doc = f"Falls to END_LEARNING_RATE {along} in DECAY_STEPS{again}."
    return Schedule(tuple(constants), doc, (*lines, result))


def _wave(args: Args, peak: str, height: str = "") -> tuple[str, str]:
    """The lines from ``share`` of a wave to the rate."""
    wave = f"wave = {height}(1 + math.cos(math.pi * share)) / 2"
    left = "(ALPHA + (1 - ALPHA) * wave)" if args["alpha"] else "wave"
    return wave, f"return {peak} * {left}"


def _alpha(args: Args) -> list[Constant]:
    note = "the share of the rate that is left at the end"
    return [Constant("ALPHA", float(args["alpha"]), note)] if args["alpha"] else []


def _cosine(args: Args) -> Schedule:
    target = args["warmup_target"]
    if target is None:
        return Schedule(
            (_start(args), _steps(args), *_alpha(args)),
            "Falls along half a wave.",
            ("share = min(step / DECAY_STEPS, 1)", *_wave(args, "LEARNING_RATE")),
        )
    constants = (
        _start(args),
        Constant("WARMUP_TARGET", float(target), "the rate after the warm-up"),
        _steps(args, "warmup_steps"),
        _steps(args),
        *_alpha(args),
    )
    lines = (
        "if step < WARMUP_STEPS:",
        "    return LEARNING_RATE + (WARMUP_TARGET - LEARNING_RATE) * step / WARMUP_STEPS",
        "share = min((step - WARMUP_STEPS) / DECAY_STEPS, 1)",
        *_wave(args, "WARMUP_TARGET"),
    )
    return Schedule(constants, "Rises on a straight line, then falls along half a wave.", lines)


def _restarts(args: Args) -> Schedule:
    longer, higher = float(args["t_mul"]), float(args["m_mul"])
    constants = [_start(args), _steps(args, "first_decay_steps")]
    constants += [Constant("T_MUL", longer, "each wave is longer")] if longer != 1 else []
    constants += [Constant("M_MUL", higher, "and its height another")] if higher != 1 else []
    begin = ["start, length = 0.0, float(FIRST_DECAY_STEPS)"]
    after = [f"    start, length = start + length, length{' * T_MUL' if longer != 1 else ''}"]
    if higher != 1:
        begin.append("height = 1.0")
        after.append("    height *= M_MUL")
    lines = (
        *begin,
        "while step >= start + length:",
        *after,
        "share = (step - start) / length",
        *_wave(args, "LEARNING_RATE", "height * " if higher != 1 else ""),
    )
    doc = "Falls along half a wave, again and again."
    return Schedule((*constants, *_alpha(args)), doc, lines)


SCHEDULES: Mapping[str, Callable[[Args], Schedule]] = {
    "exponential_decay": _exponential,
    "piecewise_constant_decay": _piecewise,
    "polynomial_decay": _polynomial,
    "inverse_time_decay": _inverse_time,
    "cosine_decay": _cosine,
    "cosine_decay_restarts": _restarts,
}


def plan_rate(rate: float | Setting) -> tuple[list[str], list[str]]:
    """The lines of the constants, and of the function ``learning_rate`` if there is a schedule."""
    if not isinstance(rate, Setting):
        return assign("LEARNING_RATE", float(rate)), []
    schedule = SCHEDULES[rate.name](rate.args)
    lines = [
        line
        for constant in schedule.constants
        for line in assign(constant.name, constant.value, note=constant.note)
    ]
    function = [
        "def learning_rate(step: int) -> float:",
        *docstring(f"{schedule.doc}\n\nStep 0 is the first batch.", 4),
        *(f"    {line}" for line in schedule.lines),
    ]
    return lines, function
