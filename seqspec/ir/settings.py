"""Settings in a model's header, as arguments of its calls."""

from __future__ import annotations

from seqspec.syntax import ast
from seqspec.vocabulary.spec import REQUIRED, Arg, Kind

CONSTANT = Kind("a number or a word", lambda _: True, category="constant")


def setting_args(declaration: ast.Model) -> tuple[Arg, ...]:
    """One argument per untyped port; a default is the expression that was written."""
    return tuple(
        Arg(
            port.name.text,
            CONSTANT,
            REQUIRED if port.default is None else port.default,
            f"A setting of {declaration.name.text}.",
        )
        for port in declaration.ports
        if port.type is None
    )
