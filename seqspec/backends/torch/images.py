"""Convolution and pooling of images. PyTorch has channels first: what flows is turned for the call.

A turned tensor is a view with channels last in memory, the layout that PyTorch is fast with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, call, literal
from seqspec.backends.torch import activations
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.lowering import Applied, Lowering, nothing, size_of
from seqspec.backends.torch.parts import Module, Part, Piece, Stored
from seqspec.vocabulary.spec import OwnedWeight, ends

BACK = ".movedim(1, -1)"
_Sides = tuple[int, ...]


def _turned(applied: Applied) -> Code:
    return Code(f"{applied.operands[0]}.movedim(-1, 1)")


def _written(sides: _Sides) -> Expr:
    """One number if both are alike, as people write it."""
    return sides[0] if sides[0] == sides[1] else literal(sides)


# ------------------------------------------------------------------------------------ convolution


def _conv(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    kernel, bias = weights["kernel"], weights.get("bias")
    groups = args["groups"]
    keywords: list[tuple[str, Expr]] = []
    if ends(args["strides"]) != (1, 1):
        keywords.append(("stride", _written(ends(args["strides"]))))
    if args["padding"] == "same" and _even_same(args):
        keywords.append(("padding", "same"))
    if ends(args["dilation_rate"]) != (1, 1):
        keywords.append(("dilation", _written(ends(args["dilation_rate"]))))
    if groups != 1:
        keywords.append(("groups", groups))
    draws = [draw(kernel.initializer, "{0}.weight", kernel)]
    stored = [
        Stored(
            "kernel", (Piece("weight", turn=".permute(2, 3, 1, 0)", back=".permute(3, 2, 0, 1)"),)
        )
    ]
    if bias is None:
        keywords.append(("bias", False))
    else:
        draws.append(draw(bias.initializer, "{0}.bias", bias))
        stored.append(Stored("bias", (Piece("bias"),)))
    window = _written((size_of(kernel, 0), size_of(kernel, 1)))
    sizes = (size_of(kernel, 2) * groups, size_of(kernel, 3), window)
    build = Call("nn.Conv2d", sizes, tuple(keywords))
    return (Part(Module(name, "nn.Conv2d", build), tuple(draws), tuple(stored)),)


def _beyond(args: Mapping[str, Any]) -> _Sides:
    """How many rows and columns a window has besides its first."""
    pairs = zip(ends(args["kernel_size"]), ends(args["dilation_rate"]), strict=True)
    return tuple((kernel - 1) * dilation for kernel, dilation in pairs)


def _even_same(args: Mapping[str, Any]) -> bool:
    """Whether PyTorch's own padding="same" will do: it warns where both ends cannot be alike."""
    beyond = _beyond(args)
    return ends(args["strides"]) == (1, 1) and any(beyond) and not any(n % 2 for n in beyond)


def _conv_expression(applied: Applied) -> Expr:
    args = applied.args
    beyond, strides = _beyond(args), ends(args["strides"])
    x: Expr = _turned(applied)
    if args["padding"] == "same" and strides != (1, 1):
        # Strides and dilation do not go together: the window is the kernel.
        x = call("pad_same_2d", x, literal(ends(args["kernel_size"])), literal(strides))
    elif args["padding"] == "same" and not _even_same(args) and any(beyond):
        rows, columns = ((n // 2, n - n // 2) for n in beyond)
        x = call("functional.pad", x, Group("(", (*columns, *rows)))
    convolved = Call(applied.owner, (x,), behind=BACK)
    return activations.apply(args["activation"], convolved)


# ---------------------------------------------------------------------------------------- pooling


def _pool(function: str, same: Callable[[Expr, Expr, Expr], Call]) -> Callable[[Applied], Expr]:
    def expression(applied: Applied) -> Expr:
        size = ends(applied.args["pool_size"])
        stride = ends(applied.args["strides"] or size)
        if applied.args["padding"] == "same":
            pooled = same(_turned(applied), literal(size), literal(stride))
        else:
            pooled = call(function, _turned(applied), _written(size))
            if stride != size:
                pooled = replace(pooled, args=(*pooled.args, _written(stride)))
        return replace(pooled, behind=BACK)

    return expression


def _max_same(x: Expr, size: Expr, stride: Expr) -> Call:
    padded = call("pad_same_2d", x, size, stride, Code("-torch.inf"))
    return call("functional.max_pool2d", padded, size, stride)


def _average_same(x: Expr, size: Expr, stride: Expr) -> Call:
    return call("average_same_2d", x, size, stride)


def _over_all_pixels(method: str) -> Callable[[Applied], Expr]:
    return lambda applied: call(f"{applied.operands[0]}.{method}", literal((1, 2)))


LAYERS: Mapping[str, Lowering] = {
    "conv_2d": Lowering(_conv, _conv_expression),
    "max_pooling_2d": Lowering(nothing, _pool("functional.max_pool2d", _max_same)),
    "average_pooling_2d": Lowering(nothing, _pool("functional.avg_pool2d", _average_same)),
    "global_max_pooling_2d": Lowering(nothing, _over_all_pixels("amax")),
    "global_average_pooling_2d": Lowering(nothing, _over_all_pixels("mean")),
}
