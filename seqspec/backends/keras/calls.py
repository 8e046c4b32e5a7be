"""How calls of layers are written: ``x = layers.LSTM(64, name="lstm")(x)  # [B, 64]``."""

from __future__ import annotations

from dataclasses import replace

from seqspec.backends.python_text import WIDTH, Call, Code, Expr, flat, statement

INDENT = 4


def named(constructor: Call, name: Expr) -> Call:
    """The constructor's call with the name of the layer as its last argument."""
    return replace(constructor, keywords=(*constructor.keywords, ("name", name)))


def application(
    target: str,
    layer: Expr,
    args: tuple[Expr, ...],
    keywords: tuple[tuple[str, Expr], ...],
    note: str,
) -> list[str]:
    """The lines of ``target = layer(args, keywords)``, the layer being a constructor's call.

    As ``ruff format`` has it: what does not fit is broken at the operands if all before them fits
    on the line, otherwise at the constructor's own arguments.
    """
    before = f"{target} = "
    whole = Call(flat(layer), args, keywords)
    head = INDENT + len(before) + len(flat(layer)) + len("(")
    if isinstance(layer, Code) or head <= WIDTH:
        return statement(before, whole, indent=INDENT, note=note)
    operands = flat(replace(whole, function=""))
    return statement(before, layer, operands, indent=INDENT, note=note)
