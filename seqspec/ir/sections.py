"""Sections as written: settings bound to what they may say, before any model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean, nearest
from seqspec.ir.arguments import Binder
from seqspec.ir.constants import Constants
from seqspec.ir.inputs import read_inputs
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.params import Params
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.vocabulary import ENTRIES, SECTIONS
from seqspec.vocabulary.spec import Kind, Setting


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its settings bound; ``spans`` tells where each one is written."""

    kind: str
    name: str
    values: Mapping[str, Any]
    spans: Mapping[str, Span]
    span: Span
    words: Mapping[tuple[str, str], Span] = field(default_factory=dict[tuple[str, str], Span])

    def at(self, setting: str, word: str = "") -> Span:
        """Where a setting is written, or a word of its value; else the section's head."""
        known = self.words.get((setting, word)) if word else None
        return known or self.spans.get(setting, self.span)

    def has(self, setting: str, word: str) -> bool:
        """Whether the value of a setting names a word."""
        return (setting, word) in self.words


@dataclass(frozen=True, slots=True)
class Target:
    """What ``target =`` says: ``kind`` is None for plain columns."""

    kind: str | None
    columns: tuple[str, ...]


class Sections:
    """Reads the sections of a file."""

    def __init__(self, module: ast.Module, source: SourceFile, sink: Sink, params: Params) -> None:
        self._sink = sink
        constants = Constants(source, sink, params.get)
        self._binder = Binder(source, sink, constants, params.peek, self._special)
        self.data: dict[str, Section | Failed] = {}
        self.train: dict[str, Section | Failed] = {}
        self.names: dict[tuple[str, str], Span] = {}
        for declaration in module.declarations:
            if isinstance(declaration, ast.Section):
                self._read(declaration)

    def _read(self, written: ast.Section) -> None:
        kind = written.kind.text
        spec = SECTIONS.get(kind)
        if spec is None:
            self._sink.report(
                codes.UNKNOWN_SECTION(name=kind),
                written.kind.span,
                help=did_you_mean(kind, [*SECTIONS, "model"]) or "known: " + ", ".join(SECTIONS),
            )
            return
        name = written.name
        if name is None:
            (self.data if kind == "data" else self.train)[""] = FAILED
            self._sink.report(
                codes.FORBIDDEN_VALUE(what=f"this `{kind}` section has no name"),
                written.kind.span,
                help=f"write `{kind} {'readings' if spec.names == 'itself' else 'ModelName'} {{`",
            )
            return
        table = self.data if kind == "data" else self.train
        known = self.names.get((kind, name.text))
        if known is not None:
            labels = (Label(known, "first written here"),)
            self._sink.report(codes.DUPLICATE(name=name.text), name.span, labels=labels)
            return
        self.names[(kind, name.text)] = name.span
        given = [ast.Argument(s.span, s.name, s.value) for s in written.settings]
        values = self._binder.bind(kind, spec.args, given, name.span, section=True)
        if isinstance(values, Failed):
            table[name.text] = FAILED
            return
        spans = {s.name.text: s.value.span for s in written.settings}
        words = {(s.name.text, w): at for s in written.settings for w, at in _words(s.value)}
        table[name.text] = Section(kind, name.text, values, spans, name.span, words)

    # ---- arguments of kinds of their own

    def _special(self, kind: Kind, expr: ast.Expr) -> object:
        if kind.category == "metric list":
            return self._metrics(expr)
        if kind.category == "input expression":
            return read_inputs(expr, self._binder, self._sink)
        if kind.category == "target expression":
            return self._target(expr)
        if isinstance(expr, ast.Name):
            return expr.text
        if isinstance(expr, ast.Text) and kind.category == "column":
            return expr.value
        self._sink.report(codes.FORBIDDEN_VALUE(what=f"{kind.describe} is wanted here"), expr.span)
        return FAILED

    def _metrics(self, expr: ast.Expr) -> tuple[Setting, ...] | Failed:
        items = expr.items if isinstance(expr, ast.List) else (expr,)
        kind = Kind("a metric, such as accuracy", lambda _: True, category="metric")
        bound = [self._binder.setting(kind, item, "train", "metrics") for item in items]
        if any(isinstance(b, Failed) for b in bound):
            return FAILED
        return tuple(b for b in bound if not isinstance(b, Failed))

    def _target(self, expr: ast.Expr) -> Target | Failed:
        table = ENTRIES["target"]
        if isinstance(expr, ast.Call):
            entry = table.get(expr.name.text)
            if entry is None:
                found = nearest(expr.name.text, table)
                self._sink.report(
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
            setting = self._binder.entry(entry, expr.arguments, expr.span)
            if isinstance(setting, Failed):
                return FAILED
            return Target(entry.facts["kind"], setting.args["columns"] or ())
        items = expr.items if isinstance(expr, ast.List) else (expr,)
        names = tuple(
            i.text if isinstance(i, ast.Name) else i.value
            for i in items
            if isinstance(i, ast.Name | ast.Text)
        )
        if len(names) != len(items) or not names:
            what = "a target is a column, a list of columns, or next_step()"
            self._sink.report(codes.FORBIDDEN_VALUE(what=what), expr.span)
            return FAILED
        return Target(None, names)


def _words(expr: ast.Expr) -> Iterator[tuple[str, Span]]:
    """The words that an expression names, with their places; a call is named by its callee."""
    if isinstance(expr, ast.Name):
        yield expr.text, expr.span
    elif isinstance(expr, ast.Text):
        yield expr.value, expr.span
    elif isinstance(expr, ast.List):
        for item in expr.items:
            yield from _words(item)
    elif isinstance(expr, ast.Call):
        yield expr.name.text, expr.name.span
        for argument in expr.arguments:
            yield from _words(argument.value)
