"""The syntax tree: what the user wrote, punctuation dropped, a span on every node."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqspec.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    text: str


# ---- expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A literal number; ``12%`` is 0.12. ``percent`` keeps how it was written."""

    value: int | float
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Text(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Bool(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``encoder.state``."""

    owner: Expr
    name: Identifier


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """``2:5`` between the brackets of an index; what is left out is None."""

    start: Expr | None
    stop: Expr | None
    step: Expr | None

    @property
    def whole(self) -> bool:
        """Whether this is ``:``, the axis as it is."""
        return self.start is self.stop is self.step is None


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """``...``: the axes that nothing else in the brackets speaks of."""


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``x[:, 2:5]``."""

    owner: Expr
    parts: tuple[Slice | Rest | Expr, ...]


@dataclass(frozen=True, slots=True)
class List(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Argument(Node):
    name: Identifier | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: Identifier
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """``first -> step -> step``; the first may be a value or a layer."""

    steps: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Negative(Node):
    value: Expr


Expr = Number | Text | Bool | Name | Field | Index | List | Call | Pipe | Binary | Negative


def rounded_up(expr: Expr) -> Binary | None:
    """The quotient in ``ceil(T / 2)``."""
    if isinstance(expr, Call) and expr.name.text == "ceil" and len(expr.arguments) == 1:
        (argument,) = expr.arguments
        quotient = argument.value
        if argument.name is None and isinstance(quotient, Binary) and quotient.operator == "/":
            return quotient
    return None


# ---- types


@dataclass(frozen=True, slots=True)
class TensorType(Node):
    """``token(1000)[B, T]``."""

    kind: Identifier
    arguments: tuple[Argument, ...]
    dims: tuple[Expr, ...]


TypeExpr = TensorType | Call


# ---- statements and declarations


@dataclass(frozen=True, slots=True)
class Target(Node):
    name: Identifier
    type: TypeExpr | None


@dataclass(frozen=True, slots=True)
class Bind(Node):
    targets: tuple[Target, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Result(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class Port(Node):
    """A typed input, output or weight, or (without a type) a setting of a model."""

    name: Identifier
    type: TypeExpr | None
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Weights(Node):
    """``weight gain: float[F] = ones(), …``: what a model learns besides its layers' weights."""

    ports: tuple[Port, ...]


Statement = Bind | Weights | Result


@dataclass(frozen=True, slots=True)
class Param(Node):
    name: Identifier
    type: TypeExpr | None
    value: Expr
    doc: str


@dataclass(frozen=True, slots=True)
class Model(Node):
    """A model. ``returns`` is one type, named ports, or None where the header does not say.

    ``header`` spans from the keyword to before the brace.
    """

    role: str
    name: Identifier
    ports: tuple[Port, ...]
    returns: TypeExpr | tuple[Port, ...] | None
    body: tuple[Statement, ...]
    header: Span
    doc: str


@dataclass(frozen=True, slots=True)
class SettingLine(Node):
    name: Identifier
    value: Expr


@dataclass(frozen=True, slots=True)
class Section(Node):
    kind: Identifier
    name: Identifier | None
    settings: tuple[SettingLine, ...]
    doc: str


Declaration = Param | Model | Section


@dataclass(frozen=True, slots=True)
class Module(Node):
    version: int | None
    declarations: tuple[Declaration, ...]
    comments: tuple[Identifier, ...]
