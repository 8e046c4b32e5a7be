"""Types as written, against types as found: reading, matching, claiming."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.arguments import Binder
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Failed, Word
from seqspec.ir.scope import Scope
from seqspec.shapes.dim import UNKNOWN, Dim, Shape, same_shape, show
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.types import Padding, State, Tensor, Type
from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.spec import NUMBER, WHOLE, Arg, Kind

_CAPITAL = re.compile(r"[A-Z]\w*\Z|_\Z")
_BOUND = Arg(
    "bound",
    Kind("how many ids there are", lambda v: isinstance(v, Dim)),
    doc="How many ids there are.",
)
_LENGTHS = Padding.LENGTHS.value
_ARGS = {
    "float": (
        Arg(
            "pad",
            Kind(
                "the number that padded steps hold, or lengths", NUMBER.accepts, words=(_LENGTHS,)
            ),
            None,
        ),
    ),
    "token": (
        _BOUND,
        Arg("pad", Kind("the id of padding, or lengths", WHOLE.accepts, words=(_LENGTHS,)), None),
    ),
}
_KINDS = tuple(_ARGS)


@dataclass(frozen=True, slots=True)
class Place:
    """The tools that reading a type needs."""

    source: SourceFile
    sink: Sink
    scope: Scope
    constants: Constants
    binder: Binder


def read_type(written: ast.TypeExpr, place: Place) -> Type | Failed:
    """A type as written. Capital names that are not known yet stay symbols of their own."""
    if isinstance(written, ast.Call):
        return _read_state(written, place)
    kind = written.kind.text
    if kind not in _KINDS:
        place.sink.report(
            codes.BAD_TYPE(what=f"`{kind}` is not a kind of element"),
            written.kind.span,
            help=did_you_mean(kind, _KINDS) or "a tensor is `float[...]` or `token(n)[...]`",
        )
        return FAILED
    unnamed = [a for a in written.arguments if a.name is None]
    if kind == "float" and unnamed:
        place.sink.report(
            codes.BAD_TYPE(what="`float` takes nothing in parentheses but `pad=`"), unnamed[0].span
        )
        return FAILED
    values = place.binder.bind(kind, _ARGS[kind], written.arguments, written.span)
    if values is FAILED:
        return FAILED
    bound: Dim | None = values.get("bound")
    dims = [read_dim(d, place) for d in written.dims]
    shape = tuple(UNKNOWN if isinstance(d, Failed) else d for d in dims)
    if FAILED in dims:
        return FAILED
    pad = Padding.LENGTHS if values["pad"] == _LENGTHS else values["pad"]
    type_ = Tensor(kind, shape, bound, pad=pad)
    return type_ if _pads_steps(type_, written, place.sink) else FAILED


def _pads_steps(type_: Tensor, written: ast.TensorType, sink: Sink) -> bool:
    """Whether what is said of padding fits the type; reports if not."""
    if type_.pad is None:
        return True
    given = next((a for a in written.arguments if a.name and a.name.text == "pad"), None)
    at = written.span if given is None else given.span
    bound = None if type_.bound is None else type_.bound.value
    lengths = type_.pad is Padding.LENGTHS
    labels = (Label(written.span, f"this is {type_}"),)
    axes = 3 if type_.kind == "float" else 2
    if type_.rank < axes or (type_.rank > axes and not lengths):
        of_steps = "[batch, time, features]" if type_.kind == "float" else "[batch, time]"
        what = f"padding is of steps, which {show(type_.shape)} has not"
        if type_.rank > axes:
            what = f"which steps of {show(type_.shape)} are padding cannot be read off its numbers"
        help = f"padded are {of_steps}" + (
            "; pad=lengths takes more axes" if type_.rank > 2 else ""
        )
        sink.report(codes.BAD_TYPE(what=what), at, labels=labels, help=help)
        return False
    if bound is not None and not isinstance(type_.pad, Padding) and type_.pad >= bound:
        what = f"the padding's id {type_.pad} is not below {bound}, how many ids there are"
        help = "ids count from 0; the padding's is one of them"
        sink.report(codes.BAD_TYPE(what=what), at, labels=labels, help=help)
        return False
    return True


def read_dim(expr: ast.Expr, place: Place) -> Dim | Failed:
    """A size in a type: a number, a known name, a capital symbol, or arithmetic on them."""
    if isinstance(expr, ast.Name) and expr.text == "_":
        return _unnamed(place)
    for name in _names(expr):
        if not place.scope.has(name.text):
            if not _CAPITAL.match(name.text):
                place.sink.report(
                    codes.UNKNOWN_DIMENSION(name=name.text),
                    name.span,
                    help=did_you_mean(name.text, place.scope.names())
                    or f"declare `param {name.text} = …`; sizes to be found begin with a capital",
                )
                return FAILED
            place.scope.dims[name.text] = Dim.of(name.text)
    value = place.constants.evaluate(expr, place.scope.known)
    if value is FAILED:
        return FAILED
    if isinstance(value, bool | str | float | Word):
        text = place.source.excerpt(expr.span)
        place.sink.report(codes.UNKNOWN_DIMENSION(name=text), expr.span)
        return FAILED
    size = Dim.of(value)
    if size.value is not None and size.value < 1:
        place.sink.report(codes.BAD_TYPE(what=f"a size is above zero, not {size}"), expr.span)
        return FAILED
    return size


def _unnamed(place: Place) -> Dim:
    """A size that nobody names: another one each time it is written."""
    count = sum(name.startswith("_") for name in place.scope.dims)
    name = f"_{count + 1}" if count else "_"
    place.scope.dims[name] = Dim.of(name)
    return place.scope.dims[name]


def _names(expr: ast.Expr) -> list[ast.Name]:
    if isinstance(expr, ast.Name):
        return [expr]
    if isinstance(expr, ast.Binary):
        return [*_names(expr.left), *_names(expr.right)]
    if isinstance(expr, ast.Negative):
        return _names(expr.value)
    quotient = ast.rounded_up(expr)
    return [] if quotient is None else _names(quotient)


def _read_state(written: ast.Call, place: Place) -> Type | Failed:
    """``lstm(64)`` as a type is the state of that layer for a batch B."""
    spec = LAYERS.get(written.name.text)
    if spec is None or spec.family != "recurrent":
        known = [s.name for s in LAYERS.values() if s.family == "recurrent"]
        place.sink.report(
            codes.BAD_TYPE(what=f"`{written.name.text}` is not the type of a state"),
            written.span,
            help=did_you_mean(written.name.text, known) or "a state is " + ", ".join(known),
        )
        return FAILED
    values = place.binder.bind(spec.name, spec.args, written.arguments, written.span)
    if values is FAILED:
        return FAILED
    batch = place.scope.dims.setdefault("B", Dim.of("B"))
    shape = (batch, Dim.of(values["units"]))
    return State(spec.name, tuple((name, shape) for name in spec.states))


def shapes(type_: Type) -> tuple[Shape, ...]:
    return (type_.shape,) if isinstance(type_, Tensor) else tuple(s for _, s in type_.parts)


def unify(declared: Sequence[Shape], actual: Sequence[Shape], sizes: dict[str, Dim]) -> None:
    """Find what the symbols of declared shapes stand for; adds to ``sizes``.

    A symbol alone binds to what it meets; ``k*N + c`` is solved for N. What does not fit is
    found afterwards, when both sides are compared.
    """
    pairs = [
        (d, a)
        for shape, met in zip(declared, actual, strict=False)
        for d, a in zip(shape, met, strict=False)
    ]
    # Plain symbols first: arithmetic may then have only one unknown left.
    for d, a in sorted(pairs, key=lambda pair: pair[0].symbol is None):
        wanted = d.substitute(sizes)
        unbound = [s for s in d.symbols if s not in sizes]
        if len(unbound) == 1:
            solution = wanted.solve(unbound[0], a)
            if solution is not None:
                sizes[unbound[0]] = solution


def substitute(type_: Type, sizes: dict[str, Dim]) -> Type:
    """A type with symbols replaced."""
    if isinstance(type_, Tensor):
        bound = None if type_.bound is None else type_.bound.substitute(sizes)
        shape = tuple(d.substitute(sizes) for d in type_.shape)
        return replace(type_, shape=shape, bound=bound)
    parts = tuple((n, tuple(d.substitute(sizes) for d in s)) for n, s in type_.parts)
    return State(type_.kind, parts, type_.causal)


def fits(declared: Type, actual: Type) -> bool:
    """Whether a value of one type may stand where the other is declared."""
    if isinstance(declared, State) or isinstance(actual, State):
        if not (isinstance(declared, State) and isinstance(actual, State)):
            return False
        names = [n for n, _ in declared.parts] == [n for n, _ in actual.parts]
        return names and all(
            same_shape(a, b) for a, b in zip(shapes(declared), shapes(actual), strict=True)
        )
    if declared.kind != actual.kind or not same_shape(declared.shape, actual.shape):
        return False
    # A type without `pad` says nothing of padding: the mask comes with the value.
    if declared.pad is not None and declared.pad != actual.pad:
        return False
    if declared.bound is None or actual.bound is None:
        return declared.bound is actual.bound
    return declared.bound.agrees(actual.bound)


def swapped(declared: Shape, actual: Shape) -> bool:
    """Whether the second and third axes of one shape are those of the other in reverse."""
    return (
        len(declared) == 3
        and len(actual) == 3
        and not declared[1].agrees(declared[2])
        and same_shape(declared, (actual[0], actual[2], actual[1]))
    )


def disagreement(declared: Type, actual: Type) -> str:
    """What to do about a type that is not the declared one, where that can be told."""
    if not (isinstance(declared, Tensor) and isinstance(actual, Tensor)):
        return ""
    if declared.pad is not None and declared.pad != actual.pad and declared.shape == actual.shape:
        return "leave out `pad` here: the mask comes with the value that flows in"
    if swapped(declared.shape, actual.shape):
        return "time and features swapped? the order is [batch, time, features]"
    if declared.rank == actual.rank + 1 and declared.kind == actual.kind == "float":
        return "an axis is missing; does a recurrent layer before it need return=sequence?"
    return ""


def check_batch(name: str, type_: Type, at: Span, sink: Sink) -> bool:
    """Whether an input has a batch axis; reports if not."""
    if all(shapes(type_)):
        return True
    sink.report(codes.NO_BATCH(name=name), at, help=f"write `{name}: float[B]`, or longer")
    return False


__all__ = [
    "Place",
    "check_batch",
    "disagreement",
    "fits",
    "read_dim",
    "read_type",
    "shapes",
    "substitute",
    "swapped",
    "unify",
]
