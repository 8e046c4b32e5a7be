"""What the lowering of one layer consists of.

A layer becomes modules that its class owns, statements that draw their first weights, and, for
the weights file, those weights in Keras's layout. Draws name what they fill by ``{0}``: the
module, or for the fused recurrent ones (``by_name``) a dictionary of its parameters, as their
attributes are unknown to type checkers; ``{1}`` is the module in any case.
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
class Piece:
    """A tensor of a module's state, by its name there, and how the file lays it out.

    ``gates`` says that it is a GRU's, whose first two blocks change places; ``window`` that it is a
    convolution's kernel, [outputs, inputs, steps] here and [steps, inputs, outputs] in the file.
    """

    name: str
    transposed: bool = False
    gates: bool = False
    window: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight of the file: its name below the layer's, and what makes it up.

    ``pieces`` stand side by side along the last axis of the file's array read row by row; all but
    GRUs have one.
    """

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A module of a layer with all that belongs to it."""

    module: Module
    draws: tuple[Draw, ...] = ()
    stored: tuple[Stored, ...] = ()
    by_name: bool = False


def filled(text: str, holder: str, module: str) -> Code:
    """Text with names in place of ``{0}`` and ``{1}``."""
    return Code(text.replace("{0}", holder).replace("{1}", module))
