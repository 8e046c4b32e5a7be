"""What the lowering of one layer consists of.

A layer becomes modules that its class owns, statements that draw their first weights, and, for
the weights file, those weights in Keras's layout. Draws name what they fill by ``{0}``: the
module, or for the fused recurrent ones (``by_name``) one of its parameters, which a loop goes
through as type checkers do not know them as attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Code, Expr


@dataclass(frozen=True, slots=True)
class Module:
    """``self.<name> = <build>``; ``kind`` is its type as an annotation, ``note`` a comment."""

    name: str
    kind: str
    build: Expr
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """One statement that fills a weight: ``function(target, *args)``.

    ``target`` is text with ``{0}`` for the module or parameter; in a recurrent layer ``units`` is
    their number. ``after`` follows the call, ``note`` explains it. ``of`` is how the names of
    the parameters begin that it is for, in a loop over parameters.
    """

    function: str
    target: str
    keywords: tuple[tuple[str, Expr], ...] = ()
    args: tuple[Expr, ...] = ()
    after: str = ""
    note: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor of a module's state, by its name there, and how the file lays it out.

    ``gates`` says that it is a GRU's, whose first two blocks change places; ``window`` that it is a
    convolution's kernel, [outputs, inputs, steps] here and [steps, inputs, outputs] in the file.
    ``turn`` is what else makes the file's layout of it, ``back`` the other way.
    """

    name: str
    transposed: bool = False
    gates: bool = False
    window: bool = False
    turn: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight of the file: its name below the layer's, and what makes it up.

    Several ``pieces`` are the rows of the file's array; all but the biases of GRUs have one.
    """

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A weight of the file: its canonical path, and the views that make it up.

    ``owner`` is the path of the module in the model, ``kind`` a word for what it is.
    """

    path: str
    owner: str
    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A module of a layer with all that belongs to it.

    ``units`` is the attribute of a recurrent module that says how many there are; the first
    weights of such a module are drawn by a function of their own.
    """

    module: Module
    draws: tuple[Draw, ...] = ()
    stored: tuple[Stored, ...] = ()
    by_name: bool = False
    units: str = ""


def filled(text: str, holder: str) -> Code:
    """Text with a name in place of ``{0}``."""
    return Code(text.replace("{0}", holder))
