"""What the lowering of one layer consists of.

A layer becomes modules that its class owns, statements that draw their first weights, and, for
the weights file, views of those weights in Keras's layout. Text in here names the module by
``{0}``, which is filled in with ``self.dense``, ``model.encoder.dense`` or ``dense``.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Code, Expr


@dataclass(frozen=True, slots=True)
class Module:
    """``self.<name> = <build>``; ``kind`` is its type as an annotation."""

    name: str
    kind: str
    build: Expr


@dataclass(frozen=True, slots=True)
class Draw:
    """One statement that fills a weight: ``function(target, *args)``.

    ``target`` is text with ``{0}`` for the module; ``general`` is the same without numbers that
    belong to this one layer, so that layers of several sizes can share a function.
    ``after`` follows the call, ``note`` explains it.
    """

    function: str
    target: str
    keywords: tuple[tuple[str, Expr], ...] = ()
    args: tuple[Expr, ...] = ()
    general: str = ""
    after: str = ""
    note: str = ""

    @property
    def shared_target(self) -> str:
        return self.general or self.target


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight of the file: its name below the layer's, and what makes it up.

    ``pieces`` are views, side by side along the last axis of the file's array read row by
    row; all but GRUs have one.
    """

    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A module of a layer with all that belongs to it."""

    module: Module
    draws: tuple[Draw, ...] = ()
    stored: tuple[Stored, ...] = ()


def filled(text: str, owner: str) -> Code:
    """Text with the module's name in place of ``{0}``."""
    return Code(text.replace("{0}", owner))
