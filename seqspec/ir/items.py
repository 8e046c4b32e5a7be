"""What an expression stands for while a model's body is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from seqspec.ir.graph import Layer, Node, SubModel, Value
from seqspec.shapes.dim import Dim, show
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary.spec import LayerSpec, OwnedWeight


class _Failed(Enum):
    FAILED = "failed"


#: A mistake already reported: whatever touches it keeps quiet.
FAILED: Final = _Failed.FAILED


@dataclass(frozen=True, slots=True)
class Word:
    """A bare name that is a value: one of a few choices, or an entry of the vocabulary."""

    text: str


@dataclass(frozen=True, eq=False)
class Flow:
    """A value that data flows as, with the application it came from (None for an input).

    ``before`` is what that application's first operand flowed as. ``several`` are the outputs of
    which one has to be taken first, ``because`` of an argument. ``learnt`` tells a weight of the
    model's own, the same for all samples.
    """

    value: Value
    node: Node | None = None
    made_by: Unbuilt | None = None
    before: Flow | None = None
    several: tuple[str, ...] = ()
    because: str = ""
    learnt: bool = False


@dataclass(frozen=True, eq=False)
class Learnt:
    """A weight: of a model's own (then ``value`` stands for it in formulas), or a layer's."""

    owner: Layer
    weight: OwnedWeight
    value: Value | None = None


@dataclass(frozen=True, eq=False)
class Half:
    """One direction of a layer that runs both ways, or both, side by side, without a ``prefix``.

    Only its fields are values.
    """

    flow: Flow
    prefix: str


@dataclass(eq=False)
class UnbuiltLayer:
    """A layer with arguments but without an input: its weights have no shape yet.

    ``instance`` is made at the first application, to an operand of ``rank`` axes, and shared by
    all that follow. ``operands`` are those given with the arguments, by port.
    """

    spec: LayerSpec
    args: Mapping[str, Any]
    call: Span
    written: ast.Call | None
    name: str = ""
    initial: tuple[Flow, ...] = ()
    inner: Unbuilt | None = None
    operands: Mapping[str, Flow] = field(default_factory=dict[str, "Flow"])
    instance: Layer | None = None
    first_use: Span | None = None
    rank: int = 0

    def place(self, name: str, otherwise: Span) -> Span:
        """Where an argument is written, if by its name."""
        given = self.written.arguments if self.written is not None else ()
        return next((a.value.span for a in given if a.name and a.name.text == name), otherwise)

    def outside(self, name: str) -> Span | None:
        """What to cut so that an argument is not written, if it is by its name: with its comma."""
        given = self.written.arguments if self.written is not None else ()
        for before, argument in pairwise((None, *given)):
            if argument is not None and argument.name and argument.name.text == name:
                start = before.span.end if before is not None else argument.span.start
                return Span(start, argument.span.end)
        return None


@dataclass(eq=False)
class UnbuiltModel:
    """A model named as a layer, with settings, without inputs."""

    declaration: ast.Model
    settings: Mapping[str, Any]
    call: Span
    name: str = ""
    operands: Mapping[str, Flow] | None = None
    instance: SubModel | None = None


@dataclass(eq=False)
class UnbuiltChain:
    """A pipeline without its beginning, or the copies that a ``combinator`` made.

    Copies are called after ``name`` once they are applied, but for those that have a name.
    ``joint`` makes one value of what stands side by side.
    """

    steps: tuple[Unbuilt, ...]
    call: Span
    name: str = ""
    combinator: str = ""
    joint: UnbuiltLayer | None = None
    applied: bool = False


Unbuilt = UnbuiltLayer | UnbuiltModel | UnbuiltChain
Constant = int | float | bool | str | Dim | Word
Item = Flow | Learnt | Half | UnbuiltLayer | UnbuiltModel | UnbuiltChain | Constant | _Failed
Failed = _Failed


def describe(item: object) -> str:
    """What an item is, for messages."""
    if isinstance(item, Flow):
        return f"a value of type {item.value.type}"
    if isinstance(item, Learnt):
        return f"a weight {show(item.weight.shape)}"
    if isinstance(item, Half):
        return "one direction of a layer"
    if isinstance(item, UnbuiltLayer):
        return f"the layer `{item.spec.name}`"
    if isinstance(item, UnbuiltModel):
        return f"the model `{item.declaration.name.text}`"
    if isinstance(item, UnbuiltChain):
        return "a pipeline without a beginning"
    if isinstance(item, Word):
        return f"the word `{item.text}`"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return "a quoted text"
    return str(item)
