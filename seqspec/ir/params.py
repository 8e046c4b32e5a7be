"""The params of a file: their values, what the command line sets them to, which are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Word
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast


class Params(Mapping[str, object]):
    """Values by name. Looking one up marks it as used."""

    def __init__(
        self, module: ast.Module, source: SourceFile, sink: Sink, overrides: Mapping[str, object]
    ) -> None:
        self._sink = sink
        self._values: dict[str, object] = {}
        self._spans: dict[str, Span] = {}
        self._used: set[str] = set()
        constants = Constants(source, sink, self.get)
        for param in module.declarations:
            if isinstance(param, ast.Param):
                self._read(param, constants, overrides)
        for name in overrides:
            if name not in self._values:
                known = ", ".join(self._values)
                help = did_you_mean(name, self._values)
                fallback = f"params: {known}" if known else "this file has no params"
                sink.report(codes.UNKNOWN_PARAM(name=name), None, help=help or fallback)

    def __getitem__(self, name: str) -> object:
        value = self._values[name]
        self._used.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def peek(self) -> Mapping[str, object]:
        """All values, none marked as used: for suggestions."""
        return self._values

    def warn_unused(self) -> None:
        """To be called once everything that may use a param was read."""
        for name, at in self._spans.items():
            if name not in self._used:
                self._sink.report(codes.UNUSED(name=name), at, help="remove the param, or use it")

    def _read(
        self, param: ast.Param, constants: Constants, overrides: Mapping[str, object]
    ) -> None:
        name = param.name.text
        if name in self._values:
            labels = (Label(self._spans[name], "first declared here"),)
            self._sink.report(codes.DUPLICATE(name=name), param.name.span, labels=labels)
            return
        self._spans[name] = param.name.span
        if param.type is not None:
            what = f"the param `{name}` has a type"
            help = "a param is a number, a word or a text; its value says which"
            self._sink.report(codes.FORBIDDEN_VALUE(what=what), param.type.span, help=help)
        written = constants.evaluate(param.value, self._values)
        self._values[name] = self._override(name, written, overrides, param)

    def _override(
        self, name: str, written: object, overrides: Mapping[str, object], param: ast.Param
    ) -> object:
        if name not in overrides:
            return written
        value = overrides[name]
        if isinstance(value, str) and isinstance(written, Word):
            return Word(value)
        numbers = _is_number(value) and _is_number(written)
        if type(value) is type(written) or numbers:
            return value
        self._sink.report(
            codes.FORBIDDEN_VALUE(what=f"`{name}` cannot be set to `{value}`"),
            param.value.span,
            here="its value in the file",
            help="set it to a value of the same kind",
        )
        return FAILED


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
