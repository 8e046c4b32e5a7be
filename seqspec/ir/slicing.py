"""Slices of values: what is written in brackets, as places that are known before any data."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Failed, Flow, UnbuiltLayer
from seqspec.ir.scope import Scope
from seqspec.ir.units import Owner, apply
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.types import Tensor
from seqspec.vocabulary.forms import SLICE, Cut, Entry, Place, Rest, spread


class Slicing:
    """Applies slices; ``constants`` evaluates what stands in the brackets."""

    def __init__(self, scope: Scope, constants: Constants, owner: Owner) -> None:
        self._scope = scope
        self._constants = constants
        self._owner = owner

    def apply(self, expr: ast.Index, flow: Flow, name: str) -> Flow | Failed:
        """The value that a slice of ``flow`` is, bound to ``name``."""
        index = self._index(expr)
        if isinstance(index, Failed):
            return FAILED
        if isinstance(flow.value.type, Tensor):
            index = self._placed(index, flow.value.type, expr)
            if isinstance(index, Failed):
                return FAILED
        layer = UnbuiltLayer(SLICE, {"index": index}, expr.span, _written(expr), name)
        layer.name = f"{name}_{SLICE.name}" if name else "part"
        return apply(layer, (flow,), expr.span, name, self._owner)

    def _index(self, expr: ast.Index) -> tuple[Entry, ...] | Failed:
        entries: list[Entry] = []
        rests = 0
        for part in expr.parts:
            if isinstance(part, ast.Rest):
                rests += 1
                entries.append(Rest())
                continue
            ends = (part.start, part.stop, part.step) if isinstance(part, ast.Slice) else (part,)
            places = [None if end is None else self._place(end) for end in ends]
            found = [p for p in places if not isinstance(p, Failed)]
            if len(found) < len(places):
                return FAILED
            first = found[0]
            if isinstance(part, ast.Slice):
                entries.append(Cut(*found))
            elif first is not None:
                entries.append(first)
        if rests > 1:
            self._owner.sink.report(
                codes.BAD_SLICE(what="`...` stands twice in the brackets"),
                expr.span,
                help="only one of them can stand for the axes that are left over",
            )
            return FAILED
        return tuple(entries)

    def _place(self, expr: ast.Expr) -> Place | Failed:
        value = self._constants.evaluate(expr, self._scope.known)
        if isinstance(value, Failed):
            return FAILED
        if isinstance(value, Dim):
            return value if value.value is None else value.value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self._unknown_place(expr.span)

    def _unknown_place(self, at: Span) -> Failed:
        self._owner.sink.report(
            codes.NOT_A_NUMBER(what=f"`{self._owner.source.excerpt(at)}`"),
            at,
            help="a place is a whole number, counted from 0, or from the end as -1, -2, …",
        )
        return FAILED

    def _placed(
        self, index: tuple[Entry, ...], type_: Tensor, expr: ast.Index
    ) -> tuple[Entry, ...] | Failed:
        """The same with sizes as numbers: ``T - 2`` on an axis of T is -2."""
        axes = spread(index, type_.rank)
        placed = list(index)
        for axis, (place, entry) in enumerate(axes or ()):
            if place < 0:
                continue
            at, size = expr.parts[place].span, type_.shape[axis]
            if isinstance(entry, Cut):
                start = self._number(entry.start, size, at)
                stop = self._number(entry.stop, size, at, end=True)
                if isinstance(start, Failed) or isinstance(stop, Failed):
                    return FAILED
                placed[place] = Cut(start, stop, entry.step)
            else:
                number = self._number(entry, size, at)
                if isinstance(number, Failed) or number is None:
                    return FAILED
                placed[place] = number
        return tuple(placed)

    def _number(
        self, place: Place | None, size: Dim, at: Span, *, end: bool = False
    ) -> Place | Failed | None:
        """A place counted from the end of the axis, if it is given by the axis's own size."""
        if not isinstance(place, Dim) or place.unknown or size.unknown:
            return place
        behind = (place - size).value
        if behind == 0 and end:
            return None
        return behind if behind is not None and behind < 0 else self._unknown_place(at)


def _written(expr: ast.Index) -> ast.Call:
    """The slice as a call whose arguments are its places, for messages to point at."""
    arguments = tuple(
        ast.Argument(part.span, ast.Identifier(part.span, str(place)), ast.Number(part.span, 0))
        for place, part in enumerate(expr.parts)
    )
    return ast.Call(expr.span, ast.Identifier(expr.span, SLICE.name), arguments)
