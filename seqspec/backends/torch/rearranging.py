"""Layers that move numbers or join values: expressions only, no modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seqspec.backends.python_text import Call, Code, Expr, Group, Sum, call
from seqspec.backends.torch.lowering import Applied, Lowering, nothing
from seqspec.vocabulary.images import edges
from seqspec.vocabulary.spec import ends


def _repeat_expression(applied: Applied) -> Expr:
    steps = Code(applied.size(applied.result.shape[1]))
    return call(f"{applied.operands[0]}[:, None].expand", -1, steps, -1)


def _flatten_expression(applied: Applied) -> Expr:
    if applied.types[0].rank == 1:  # PyTorch flattens no axis that is not there
        return call(f"{applied.operands[0]}.unsqueeze", 1)
    return call(f"{applied.operands[0]}.flatten", 1)


def _concat_expression(applied: Applied) -> Expr:
    operands = Group("[", tuple(Code(x) for x in applied.operands))
    return call("torch.cat", operands, dim=applied.args["axis"])


def _reverse_expression(applied: Applied) -> Expr:
    return call(f"{applied.operands[0]}.flip", 1)


def _permute_expression(applied: Applied) -> Expr:
    return call(f"{applied.operands[0]}.permute", 0, *applied.args["dims"])


def _reshape_expression(applied: Applied) -> Expr:
    sizes = [d.value for d in applied.result.shape[1:]]
    x = applied.operands[0]
    if None not in sizes:
        return call(f"{x}.reshape", -1, *sizes)
    return call(f"{x}.reshape", Code(f"{x}.shape[0]"), *(-1 if n is None else n for n in sizes))


def _crop_expression(applied: Applied) -> Expr:
    return Code(f"{applied.operands[0]}[:, {_within(*ends(applied.args['cropping']))}]")


def _crop_2d_expression(applied: Applied) -> Expr:
    top, bottom, left, right = edges(applied.args["cropping"])
    return Code(f"{applied.operands[0]}[:, {_within(top, bottom)}, {_within(left, right)}]")


def _within(first: int, last: int) -> str:
    return f"{first or ''}:{-last or ''}"


def _pad_expression(applied: Applied) -> Expr:
    first, last = ends(applied.args["padding"])
    widths = Group("(", (0, 0, first, last))
    return call("functional.pad", Code(applied.operands[0]), widths)


def _pad_2d_expression(applied: Applied) -> Expr:
    top, bottom, left, right = edges(applied.args["padding"])
    widths = Group("(", (0, 0, left, right, top, bottom))
    return call("functional.pad", Code(applied.operands[0]), widths)


def _operator(sign: str) -> Callable[[Applied], Expr]:
    return lambda applied: Sum(tuple(Code(x) for x in applied.operands), sign)


def _average_expression(applied: Applied) -> Expr:
    operands = Group("[", tuple(Code(x) for x in applied.operands))
    return call("torch.mean", call("torch.stack", operands), dim=0)


def _nested(function: str) -> Callable[[Applied], Expr]:
    """A function of two, of all operands one after the other."""

    def expression(applied: Applied) -> Expr:
        first, *rest = applied.operands
        result: Expr = Code(first)
        for other in rest:
            result = Call(function, (result, Code(other)))
        return result

    return expression


LAYERS: Mapping[str, Lowering] = {
    "repeat": Lowering(nothing, _repeat_expression),
    "flatten": Lowering(nothing, _flatten_expression),
    "reshape": Lowering(nothing, _reshape_expression),
    "permute": Lowering(nothing, _permute_expression),
    "reverse": Lowering(nothing, _reverse_expression),
    "cropping_1d": Lowering(nothing, _crop_expression),
    "zero_padding_1d": Lowering(nothing, _pad_expression),
    "cropping_2d": Lowering(nothing, _crop_2d_expression),
    "zero_padding_2d": Lowering(nothing, _pad_2d_expression),
    "concat": Lowering(nothing, _concat_expression),
    "add": Lowering(nothing, _operator("+"), stepwise=True),
    "subtract": Lowering(nothing, _operator("-"), stepwise=True),
    "multiply": Lowering(nothing, _operator("*"), stepwise=True),
    "average": Lowering(nothing, _average_expression, stepwise=True),
    "maximum": Lowering(nothing, _nested("torch.maximum"), stepwise=True),
    "minimum": Lowering(nothing, _nested("torch.minimum"), stepwise=True),
}
