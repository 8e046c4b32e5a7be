"""Units made of copies: ``chain`` applies them in series, ``branches`` side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.arguments import Binder
from seqspec.ir.items import (
    FAILED,
    Failed,
    Item,
    Unbuilt,
    UnbuiltChain,
    UnbuiltLayer,
    describe,
)
from seqspec.ir.scope import Scope
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.spec import LayerSpec


class Reader(Protocol):
    """Evaluates expressions; the binder reads numbers."""

    binder: Binder

    def evaluate(self, expr: ast.Expr, name: str) -> Item: ...


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in the parentheses: units, how many copies, a list of values for each setting."""

    units: tuple[ast.Expr, ...]
    count: ast.Expr | None
    lists: tuple[ast.Argument, ...]


class Copies:
    """Reads the calls of one body."""

    def __init__(self, reader: Reader, scope: Scope, sink: Sink) -> None:
        self._reader = reader
        self._scope = scope
        self._sink = sink

    def read(self, spec: LayerSpec, call: ast.Call, name: str) -> UnbuiltChain | Failed:
        """The copies that a call speaks of, each read on its own."""
        written = self._written(spec, call)
        if isinstance(written, Failed):
            return FAILED
        count = self._count(spec, written, call)
        if isinstance(count, Failed):
            return FAILED
        units: list[Unbuilt] = []
        for number in range(count):
            unit = written.units[0] if len(written.units) == 1 else written.units[number]
            found = self._unit(unit, _values(written.lists, number))
            if isinstance(found, Failed):
                return FAILED  # the others would say the same
            units.append(found)
        joint = LAYERS.get(spec.joined_by)
        layer = None
        if joint is not None:
            layer = UnbuiltLayer(joint, {a.name: a.default for a in joint.args}, call.span, None)
        return UnbuiltChain(tuple(units), call.span, name, spec.name, layer)

    # ---- what is written

    def _written(self, spec: LayerSpec, call: ast.Call) -> _Written | Failed:
        units: list[ast.Expr] = []
        counts: list[ast.Expr] = []
        lists: list[ast.Argument] = []
        for argument in call.arguments:
            if argument.name is None or argument.name.text == spec.args[0].name:
                # The last of two is how many, if it is a number.
                number = len(units) == 1 and self._number(argument.value)
                (counts if number else units).append(argument.value)
            elif argument.name.text == spec.args[1].name:
                counts.append(argument.value)
            elif isinstance(argument.value, ast.List):
                lists.append(argument)
            else:
                return self._not_a_list(spec, argument)
        return self._checked(spec, call, _Written(tuple(units), None, tuple(lists)), counts)

    def _checked(
        self, spec: LayerSpec, call: ast.Call, found: _Written, counts: Sequence[ast.Expr]
    ) -> _Written | Failed:
        unit, number = spec.args
        if not found.units:
            self._sink.report(
                codes.MISSING_ARGUMENT(callee=spec.name, argument=unit.name),
                call.span,
                help=f"name a layer or a model: {spec.examples[0]}",
            )
            return FAILED
        several = len(found.units) > 1
        if several and not spec.joined_by:
            self._sink.report(
                codes.TOO_MANY_ARGUMENTS(
                    callee=spec.name, most=len(spec.args), given=len(call.arguments)
                ),
                found.units[1].span,
                help="one layer after the other is a pipeline: `dense(4) -> dropout(0.1)`",
            )
            return FAILED
        if len(counts) > 1 or (several and counts):
            self._sink.report(
                codes.REPEATED_ARGUMENT(callee=spec.name, argument=number.name), counts[-1].span
            )
            return FAILED
        if several and found.lists:
            what = f"lists of `{spec.name}` give values to copies of one layer, not to several"
            help = "write the values in the parentheses of each"
            self._sink.report(codes.FORBIDDEN_VALUE(what=what), found.lists[0].span, help=help)
            return FAILED
        return _Written(found.units, counts[0] if counts else None, found.lists)

    def _number(self, expr: ast.Expr) -> bool:
        """Whether an argument is a number or the name of one."""
        if isinstance(expr, ast.Binary):
            return self._number(expr.left) and self._number(expr.right)
        if isinstance(expr, ast.Name):
            return isinstance(self._scope.look(expr.text), int | float | str | Dim)
        return isinstance(expr, ast.Number | ast.Text | ast.Bool | ast.Negative | ast.List)

    def _not_a_list(self, spec: LayerSpec, argument: ast.Argument) -> Failed:
        assert argument.name is not None
        name = argument.name.text
        self._sink.report(
            codes.BAD_ARGUMENT(
                callee=spec.name,
                argument=name,
                expected="a list with a value for each copy",
                actual="one value",
            ),
            argument.value.span,
            help=f"what is the same in all copies stands in the layer's parentheses: `…({name}=…)`",
        )
        return FAILED

    # ---- how many

    def _count(self, spec: LayerSpec, written: _Written, call: ast.Call) -> int | Failed:
        if len(written.units) > 1:
            return len(written.units)
        lengths = [(a, len(a.value.items)) for a in written.lists if isinstance(a.value, ast.List)]
        number = spec.args[1]
        if written.count is not None:
            value = self._reader.binder.value(spec.name, number, written.count)
            if value is FAILED:
                return FAILED
            # A setting that is not known yet: one copy shows what there is to see.
            unknown = isinstance(value, Dim)
            count = (lengths[0][1] if lengths else 1) if unknown else int(value)
            said = f"`{number.name}` is {count}"
        elif lengths:
            first, count = lengths[0]
            assert first.name is not None
            said = f"`{first.name.text}` has {count}"
        else:
            self._sink.report(
                codes.MISSING_ARGUMENT(callee=spec.name, argument=number.name),
                call.span,
                help="say how many: a number, or a list of values such as units=[48, 32]",
            )
            return FAILED
        return self._agree(spec, lengths, count, said)

    def _agree(
        self, spec: LayerSpec, lengths: Sequence[tuple[ast.Argument, int]], count: int, said: str
    ) -> int | Failed:
        for argument, length in lengths:
            if length != count or not count:
                assert argument.name is not None
                values = "value" if length == 1 else "values"
                finding = codes.COPIES(
                    callee=spec.name, argument=argument.name.text, values=f"{length} {values}"
                )
                help = f"each copy takes one value of each list; {said}" if count else "name some"
                self._sink.report(finding, argument.value.span, help=help)
                return FAILED
        return count

    # ---- one copy

    def _unit(self, unit: ast.Expr, values: tuple[ast.Argument, ...]) -> Unbuilt | Failed:
        given = unit
        if values:
            fresh = isinstance(unit, ast.Call | ast.Name) and not self._bound(unit)
            if not fresh:
                what = "a list gives values to a layer or a model that is written here"
                help = "what has a name has its values already, and a pipeline has several layers"
                self._sink.report(codes.FORBIDDEN_VALUE(what=what), unit.span, help=help)
                return FAILED
            written = unit.arguments if isinstance(unit, ast.Call) else ()
            called = unit.name if isinstance(unit, ast.Call) else _identifier(unit)
            given = ast.Call(unit.span, called, (*written, *values))
        item = self._reader.evaluate(given, "")
        if isinstance(item, UnbuiltLayer) and values:
            item.written = unit if isinstance(unit, ast.Call) else None
        if isinstance(item, Unbuilt | Failed):
            return item
        self._sink.report(
            codes.NOT_A_VALUE(what=describe(item), direction="into"),
            unit.span,
            help="copies are made of a layer or a model, such as dense(4)",
        )
        return FAILED

    def _bound(self, unit: ast.Call | ast.Name) -> bool:
        name = unit.name.text if isinstance(unit, ast.Call) else unit.text
        return name in self._scope.bindings


def _identifier(unit: ast.Expr) -> ast.Identifier:
    assert isinstance(unit, ast.Name)
    return ast.Identifier(unit.span, unit.text)


def _values(lists: tuple[ast.Argument, ...], number: int) -> tuple[ast.Argument, ...]:
    """The arguments of one copy: its value of each list."""
    return tuple(
        ast.Argument(a.span, a.name, a.value.items[number])
        for a in lists
        if isinstance(a.value, ast.List)
    )


def around(chain: UnbuiltChain, number: int, flows: str) -> Label | None:
    """What to say beside a mistake in one of several copies."""
    if not chain.combinator or len(chain.steps) < 2:
        return None
    at = Span(chain.call.start, chain.call.start + len(chain.combinator))
    return Label(at, f"copy {number + 1} of {len(chain.steps)} receives {flows}")
