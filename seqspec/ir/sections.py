"""Sections as written: settings bound to what they may say, before any model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir import freezing
from seqspec.ir.arguments import Binder
from seqspec.ir.constants import Constants
from seqspec.ir.inputs import read_inputs
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.loops import read_loop, read_token
from seqspec.ir.losses import LossReader
from seqspec.ir.params import Params
from seqspec.ir.targets import read_target
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.vocabulary import SECTIONS
from seqspec.vocabulary.spec import Kind


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


class Sections:
    """Reads the sections of a file."""

    def __init__(self, module: ast.Module, source: SourceFile, sink: Sink, params: Params) -> None:
        self._sink = sink
        self._source = source
        self._params = params
        self._constants = Constants(source, sink, params.get)
        self._binder = Binder(source, sink, self._constants, params.peek, self._special)
        self._outputs = {
            model.name.text: [port.name.text for port in model.returns]
            for model in module.declarations
            if isinstance(model, ast.Model) and isinstance(model.returns, tuple)
        }
        self._reading = ""
        self._tables: dict[str, dict[str, Section | Failed]] = {kind: {} for kind in SECTIONS}
        self.names: dict[tuple[str, str], Span] = {}
        for declaration in module.declarations:
            if isinstance(declaration, ast.Section):
                self._read(declaration)

    @property
    def data(self) -> Mapping[str, Section | Failed]:
        """The data sections by name; under an empty one what has none."""
        return self._tables["data"]

    def of_models(self, kind: str) -> Mapping[str, Section | Failed]:
        """The sections of another kind, by the name of the model that they are about."""
        return {name: section for name, section in self._tables[kind].items() if name}

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
            self._tables[kind][""] = FAILED
            self._sink.report(
                codes.FORBIDDEN_VALUE(what=f"this `{kind}` section has no name"),
                written.kind.span,
                help=f"write `{kind} {'readings' if spec.names == 'itself' else 'ModelName'} {{`",
            )
            return
        table = self._tables[kind]
        known = self.names.get((kind, name.text))
        if known is not None:
            labels = (Label(known, "first written here"),)
            self._sink.report(codes.DUPLICATE(name=name.text), name.span, labels=labels)
            return
        self.names[(kind, name.text)] = name.span
        self._reading = name.text
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
            return self._losses().metrics(expr)
        if kind.category == "loss expression":
            return self._losses().loss(expr)
        if kind.category == "input expression":
            return read_inputs(expr, self._binder, self._sink)
        if kind.category == "target expression":
            return read_target(expr, self._binder, self._sink)
        if kind.category == "loop expression":
            return read_loop(expr, self._sink)
        if kind.category == "token expression":
            return read_token(expr, self._constants, self._params.peek(), self._sink)
        if kind.category == "class weight":
            return self._class_weight(kind, expr)
        if kind.category == "weight list":
            return freezing.read(expr, kind, self._sink)
        if isinstance(expr, ast.Name):
            return expr.text
        if isinstance(expr, ast.Text) and kind.category == "column":
            return expr.value
        self._sink.report(codes.FORBIDDEN_VALUE(what=f"{kind.describe} is wanted here"), expr.span)
        return FAILED

    def _class_weight(self, kind: Kind, expr: ast.Expr) -> str | tuple[float, ...] | Failed:
        """The word ``balanced``, or a number for each class."""
        if isinstance(expr, ast.Name) and expr.text == "balanced":
            return expr.text
        if not isinstance(expr, ast.List):
            written = f"`{self._source.excerpt(expr.span)}`"
            finding = codes.BAD_ARGUMENT(
                callee="loss", argument="class_weight", expected=kind.describe, actual=written
            )
            self._sink.report(finding, expr.span, help="such as class_weight=[1, 3.5]")
            return FAILED
        numbers: list[float] = []
        for item in expr.items:
            value = self._constants.evaluate(item, self._params.peek())
            if isinstance(value, Failed):
                return FAILED
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                what = f"the weight of a class is a number, zero or more, not `{value}`"
                self._sink.report(codes.FORBIDDEN_VALUE(what=what), item.span)
                return FAILED
            numbers.append(float(value))
        return tuple(numbers)

    def _losses(self) -> LossReader:
        """A reader for the section that is being read, which has the name of its model."""
        outputs = self._outputs.get(self._reading, [])
        return LossReader(
            self._source, self._sink, self._binder, self._constants, self._params.peek, outputs
        )


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
