"""What a spec says an output is compared with: ``target =`` of data, or a loss's second operand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir.arguments import Binder
from seqspec.ir.items import FAILED, Failed
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary import ENTRIES


@dataclass(frozen=True, slots=True)
class WrittenTarget:
    """A target as written: ``kind`` is None for plain columns, which may be left out otherwise.

    ``words`` tells where each column is written, ``span`` where the whole is.
    """

    kind: str | None
    columns: tuple[str, ...]
    span: Span
    words: Mapping[str, Span] = field(default_factory=dict[str, Span])

    def at(self, column: str) -> Span:
        """Where a column is written; else the whole."""
        return self.words.get(column, self.span)


def read_target(expr: ast.Expr, binder: Binder, sink: Sink) -> WrittenTarget | Failed:
    """A column, a list of columns, ``next_step()`` or ``same_step()``."""
    if isinstance(expr, ast.Call):
        return _call(expr, binder, sink)
    items = expr.items if isinstance(expr, ast.List) else (expr,)
    names = tuple(
        i.text if isinstance(i, ast.Name) else i.value
        for i in items
        if isinstance(i, ast.Name | ast.Text)
    )
    if len(names) != len(items) or not names:
        what = "a target is a column, a list of columns, or next_step()"
        sink.report(codes.FORBIDDEN_VALUE(what=what), expr.span)
        return FAILED
    words = {name: item.span for name, item in zip(names, items, strict=True)}
    return WrittenTarget(None, names, expr.span, words)


def _call(expr: ast.Call, binder: Binder, sink: Sink) -> WrittenTarget | Failed:
    table = ENTRIES["target"]
    entry = table.get(expr.name.text)
    if entry is None:
        found = nearest(expr.name.text, table)
        sink.report(
            codes.BAD_ARGUMENT(
                callee="data",
                argument="target",
                expected="a column, a list of columns, or one of " + ", ".join(table),
                actual=f"`{expr.name.text}(…)`",
            ),
            expr.span,
            help=f"did you mean `{found}`?" if found else "",
        )
        return FAILED
    setting = binder.entry(entry, expr.arguments, expr.span)
    if isinstance(setting, Failed):
        return FAILED
    columns: tuple[str, ...] = setting.args["columns"] or ()
    written = [a.value for a in expr.arguments]
    names = [
        i for value in written for i in (value.items if isinstance(value, ast.List) else [value])
    ]
    words = dict(zip(columns, (name.span for name in names), strict=False))
    return WrittenTarget(entry.facts["kind"], columns, expr.span, words)


def read_operand(expr: ast.Expr, binder: Binder, sink: Sink) -> WrittenTarget | Failed:
    """A loss's second operand: ``target.harvest``, a list of such, or a call as in data."""
    if isinstance(expr, ast.Call):
        return read_target(expr, binder, sink)
    words: dict[str, Span] = {}
    for item in expr.items if isinstance(expr, ast.List) else (expr,):
        owner = item.owner if isinstance(item, ast.Field) else None
        if isinstance(item, ast.Field) and isinstance(owner, ast.Name) and owner.text == "target":
            words[item.name.text] = item.span
            continue
        sink.report(
            codes.FORBIDDEN_VALUE(what="a loss's second operand is another target"),
            item.span,
            help="a column or an array of the data is written `target.harvest`",
            fix=Fix(item.span, f"target.{item.text}") if isinstance(item, ast.Name) else None,
        )
        return FAILED
    return WrittenTarget(None, tuple(words), expr.span, words)
