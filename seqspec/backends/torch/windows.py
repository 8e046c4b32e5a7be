"""Convolution and pooling. PyTorch has time last, [B, F, T]: what flows is turned for the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, call
from seqspec.backends.torch import activations
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.lowering import Applied, Lowering, nothing, size_of
from seqspec.backends.torch.parts import Module, Part, Piece, Stored
from seqspec.vocabulary.spec import OwnedWeight

TURNED = ".mT"


def _turned(applied: Applied) -> Code:
    return Code(applied.operands[0] + TURNED)


# ------------------------------------------------------------------------------------ convolution


def _conv(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    kernel, bias = weights["kernel"], weights.get("bias")
    groups = args["groups"]
    keywords: list[tuple[str, Expr]] = []
    if args["strides"] != 1:
        keywords.append(("stride", args["strides"]))
    elif args["padding"] == "same" and _reach(args) % 2 and args["kernel_size"] != 1:
        keywords.append(("padding", "same"))
    if args["dilation_rate"] != 1:
        keywords.append(("dilation", args["dilation_rate"]))
    if groups != 1:
        keywords.append(("groups", groups))
    draws = [draw(kernel.initializer, "{0}.weight", kernel)]
    stored = [Stored("kernel", (Piece("weight", window=True),))]
    if bias is None:
        keywords.append(("bias", False))
    else:
        draws.append(draw(bias.initializer, "{0}.bias", bias))
        stored.append(Stored("bias", (Piece("bias"),)))
    sizes = (size_of(kernel, 1) * groups, size_of(kernel, 2), size_of(kernel, 0))
    build = Call("nn.Conv1d", sizes, tuple(keywords))
    return (Part(Module(name, "nn.Conv1d", build), tuple(draws), tuple(stored)),)


def _reach(args: Mapping[str, Any]) -> int:
    """How many steps lie between the ends of a window."""
    return (args["kernel_size"] - 1) * args["dilation_rate"] + 1


def _conv_expression(applied: Applied) -> Expr:
    args = applied.args
    beyond = _reach(args) - 1
    x: Expr = _turned(applied)
    if args["padding"] == "causal" and beyond:
        x = call("functional.pad", x, Group("(", (beyond, 0)))
    elif args["padding"] == "same" and args["strides"] > 1:
        x = call("pad_same", x, args["kernel_size"], args["strides"])
    elif args["padding"] == "same" and beyond % 2:
        # PyTorch's own padding="same" warns where both ends cannot be alike.
        x = call("functional.pad", x, Group("(", (beyond // 2, beyond - beyond // 2)))
    convolved = Call(applied.owner, (x,), behind=TURNED)
    return activations.apply(args["activation"], convolved)


# ---------------------------------------------------------------------------------------- pooling


def _pool(function: str, same: Callable[[Expr, int, int], Call]) -> Callable[[Applied], Expr]:
    """Pooling by a function of PyTorch, which knows no ``padding="same"``."""

    def expression(applied: Applied) -> Expr:
        size = applied.args["pool_size"]
        stride = applied.args["strides"] or size
        if applied.args["padding"] == "same":
            pooled = same(_turned(applied), size, stride)
        else:
            pooled = call(function, _turned(applied), size)
            if stride != size:
                pooled = replace(pooled, args=(*pooled.args, stride))
        return replace(pooled, behind=TURNED)

    return expression


def _max_same(x: Expr, size: int, stride: int) -> Call:
    padded = call("pad_same", x, size, stride, Code("-torch.inf"))
    return call("functional.max_pool1d", padded, size, stride)


def _average_same(x: Expr, size: int, stride: int) -> Call:
    return call("average_same", x, size, stride)


def _over_all_steps(method: str) -> Callable[[Applied], Expr]:
    return lambda applied: call(f"{applied.operands[0]}.{method}", 1)


def _mean(applied: Applied) -> Expr:
    x, mask = applied.operands[0], applied.mask
    if not mask:
        return call(f"{x}.mean", 1)
    return Code(f"({x} * {mask}[..., None]).sum(1) / {mask}.sum(1, keepdim=True)")


def _upsample(applied: Applied) -> Expr:
    return call(f"{applied.operands[0]}.repeat_interleave", applied.args["size"], dim=1)


LAYERS: Mapping[str, Lowering] = {
    "conv_1d": Lowering(_conv, _conv_expression),
    "max_pooling_1d": Lowering(nothing, _pool("functional.max_pool1d", _max_same)),
    "average_pooling_1d": Lowering(nothing, _pool("functional.avg_pool1d", _average_same)),
    "global_max_pooling_1d": Lowering(nothing, _over_all_steps("amax")),
    "global_average_pooling_1d": Lowering(nothing, _mean),
    "upsampling_1d": Lowering(nothing, _upsample),
}
