"""First weights, with Keras's distributions.

PyTorch keeps kernels transposed, [outputs, inputs]; fans follow from that. What has no
counterpart in ``nn.init`` is written out with its numbers. Fans are those of the weight as Keras
shapes it, taken over the whole matrix of all gates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from seqspec.backends.given_plan import FILL
from seqspec.backends.python_text import Code, Expr, literal
from seqspec.backends.torch.parts import Draw
from seqspec.vocabulary.initializers import built_with
from seqspec.vocabulary.spec import OwnedWeight, Setting


@dataclass(frozen=True, slots=True)
class _Weight:
    """A weight to be filled: the text that names it, and its fans."""

    target: str
    fan_in: int
    fan_out: int
    #: whether PyTorch would read the same fans off the tensor
    plain: bool


def draw(
    setting: Setting,
    target: str,
    weight: OwnedWeight,
    *,
    shape: tuple[int, ...] | None = None,
    transposed: bool = True,
) -> Draw:
    """The statement that fills ``target`` as ``setting`` says.

    ``shape`` is the shape to take fans from, if not that of the weight; ``transposed`` says that
    PyTorch holds the weight as [outputs, inputs].
    """
    if setting.entry.facts["file"]:
        before = draw(built_with(setting), target, weight, shape=shape, transposed=transposed)
        return replace(before, note=f"before weights.{FILL} reads a file")
    sizes = shape or tuple(_number(d.value) for d in weight.shape)
    fan_in, fan_out = sizes[-2:] if len(sizes) > 1 else (sizes or (1,)) * 2
    steps = math.prod(sizes[:-2])  # those of a window
    plain = len(sizes) > 1 and transposed
    return _DRAW[setting.name](
        setting, _Weight(target, fan_in * steps, fan_out * steps, plain=plain)
    )


def _number(size: int | None) -> int:
    assert size is not None, "the checker lets no weight of unknown size through"
    return size


def _simple(function: str) -> Callable[[Setting, _Weight], Draw]:
    def one(_: Setting, weight: _Weight) -> Draw:
        return Draw(function, weight.target)

    return one


def _constant(setting: Setting, weight: _Weight) -> Draw:
    return Draw("nn.init.constant_", weight.target, args=(setting.args["value"],))


def _uniform(setting: Setting, weight: _Weight) -> Draw:
    low, high = setting.args["minval"], setting.args["maxval"]
    return Draw("nn.init.uniform_", weight.target, args=(low, high))


def _normal(setting: Setting, weight: _Weight) -> Draw:
    keywords: tuple[tuple[str, Expr], ...] = (("std", setting.args["stddev"]),)
    if setting.args.get("mean"):
        keywords = (("mean", setting.args["mean"]), *keywords)
    return Draw("nn.init.normal_", weight.target, keywords=keywords)


def _truncated(setting: Setting, weight: _Weight) -> Draw:
    mean, deviation = setting.args.get("mean") or 0.0, setting.args["stddev"]
    keywords: list[tuple[str, Expr]] = [("mean", mean)] if mean else []
    keywords += [
        ("std", deviation),
        ("a", mean - 2 * deviation),
        ("b", mean + 2 * deviation),
    ]
    return Draw("nn.init.trunc_normal_", weight.target, tuple(keywords))


def _orthogonal(setting: Setting, weight: _Weight) -> Draw:
    gain = setting.args.get("gain", 1.0)
    keywords: tuple[tuple[str, Expr], ...] = () if gain == 1 else (("gain", gain),)
    return Draw("nn.init.orthogonal_", weight.target, keywords)


def _identity(setting: Setting, weight: _Weight) -> Draw:
    gain = setting.args["gain"]
    after = "" if gain == 1 else f".data.mul_({literal(gain)})"
    return Draw("nn.init.eye_", weight.target, after=after)


def _variance_scaling(setting: Setting, weight: _Weight) -> Draw:
    scale, mode = setting.args["scale"], setting.args["mode"].removeprefix("fan_")
    fan = {"in": weight.fan_in, "out": weight.fan_out, "avg": _fan(weight, "average")}[mode]
    match setting.args["distribution"]:
        case "uniform":
            limit = math.sqrt(3 * scale / fan)
            return Draw("nn.init.uniform_", weight.target, args=(-limit, limit))
        case "untruncated_normal":
            deviation = math.sqrt(scale / fan)
            return Draw("nn.init.normal_", weight.target, keywords=(("std", deviation),))
        case _:
            variance = Code(f"{literal(scale)} / {literal(fan)}")
            return Draw("scaled_normal_", weight.target, (("variance", variance),))


def _scaled_uniform(
    function: str, keywords: tuple[tuple[str, Expr], ...], scale: float, mode: str
) -> Callable[[Setting, _Weight], Draw]:
    def one(_: Setting, weight: _Weight) -> Draw:
        if weight.plain:
            return Draw(function, weight.target, keywords)
        limit = math.sqrt(3 * scale / _fan(weight, mode))
        return Draw("nn.init.uniform_", weight.target, args=(-limit, limit))

    return one


def _scaled_normal(scale: float, mode: str) -> Callable[[Setting, _Weight], Draw]:
    def one(_: Setting, weight: _Weight) -> Draw:
        fan = f"({weight.fan_in} + {weight.fan_out})" if mode == "average" else str(weight.fan_in)
        top = 2 if mode == "average" else int(scale)
        return Draw("scaled_normal_", weight.target, (("variance", Code(f"{top} / {fan}")),))

    return one


def _fan(weight: _Weight, mode: str) -> float:
    return (weight.fan_in + weight.fan_out) / 2 if mode == "average" else weight.fan_in


#: initialiser -> the statement; the scales are Keras's VarianceScaling
_DRAW: Mapping[str, Callable[[Setting, _Weight], Draw]] = {
    "zeros": _simple("nn.init.zeros_"),
    "ones": _simple("nn.init.ones_"),
    "constant": _constant,
    "uniform": _uniform,
    "normal": _normal,
    "truncated_normal": _truncated,
    "orthogonal": _orthogonal,
    "glorot_uniform": _scaled_uniform("nn.init.xavier_uniform_", (), 1.0, "average"),
    "he_uniform": _scaled_uniform("nn.init.kaiming_uniform_", (), 2.0, "in"),
    "lecun_uniform": _scaled_uniform(
        "nn.init.kaiming_uniform_", (("nonlinearity", "linear"),), 1.0, "in"
    ),
    "glorot_normal": _scaled_normal(1.0, "average"),
    "he_normal": _scaled_normal(2.0, "in"),
    "lecun_normal": _scaled_normal(1.0, "in"),
    "identity": _identity,
    "variance_scaling": _variance_scaling,
}

INITIALIZERS = frozenset(_DRAW)
