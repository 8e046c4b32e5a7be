"""Binding what is written in a call's parentheses to what is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir.constants import Constants
from seqspec.ir.items import FAILED, Failed, Word
from seqspec.shapes.dim import Dim
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.foreign import FOLLOWS, TRANSLATIONS
from seqspec.vocabulary.spec import NAMES, Arg, Entry, Kind, Setting

#: Evaluates an argument whose kind is not a literal (a layer, a state); returns FAILED if reported.
Special = Callable[[Kind, ast.Expr], object]


class Binder:
    """Binds arguments, reporting whatever does not fit."""

    def __init__(
        self,
        source: SourceFile,
        sink: Sink,
        constants: Constants,
        known: Callable[[], Mapping[str, object]],
        special: Special | None = None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._constants = constants
        self._known = known
        self._special = special

    def bind(
        self,
        callee: str,
        args: Sequence[Arg],
        given: Sequence[ast.Argument],
        at: Span,
        *,
        section: bool = False,
    ) -> dict[str, Any] | Failed:
        """Every declared argument with its value, defaults filled; FAILED after any report.

        ``section`` words the messages for the settings of a section instead of a call.
        """
        chosen = self._assign(callee, args, given, section)
        if chosen is FAILED:
            return FAILED
        bound: dict[str, Any] = {}
        failed = False
        for arg in args:
            expr = chosen.get(arg.name)
            if expr is not None:
                bound[arg.name] = self.value(callee, arg, expr)
                failed = failed or bound[arg.name] is FAILED
            elif arg.required:
                missing = (
                    codes.MISSING_SETTING(section=callee, name=arg.name)
                    if section
                    else codes.MISSING_ARGUMENT(callee=callee, argument=arg.name)
                )
                self._sink.report(
                    missing,
                    at,
                    help=f"`{arg.name}` is {arg.kind.describe}: {_lower(arg.doc)}",
                )
                failed = True
            else:
                bound[arg.name] = arg.default
        return FAILED if failed else bound

    def _assign(
        self, callee: str, args: Sequence[Arg], given: Sequence[ast.Argument], section: bool
    ) -> dict[str, ast.Expr] | Failed:
        chosen: dict[str, ast.Expr] = {}
        failed = False
        order = iter(args)
        for argument in given:
            if argument.name is None:
                arg = next(order, None)
                if arg is None:
                    count = sum(a.name is None for a in given)
                    self._sink.report(
                        codes.TOO_MANY_ARGUMENTS(callee=callee, most=len(args), given=count),
                        argument.span,
                        help=_listing(callee, args),
                    )
                    return FAILED
                chosen[arg.name] = argument.value
                continue
            name = argument.name.text
            if name in chosen:
                self._sink.report(
                    codes.REPEATED_ARGUMENT(callee=callee, argument=name), argument.span
                )
                failed = True
            elif any(a.name == name for a in args):
                chosen[name] = argument.value
            else:
                self._unknown(callee, args, argument, name, section)
                failed = True
        return FAILED if failed else chosen

    def _unknown(
        self,
        callee: str,
        args: Sequence[Arg],
        argument: ast.Argument,
        name: str,
        section: bool,
    ) -> None:
        assert argument.name is not None
        declared = [a.name for a in args]
        if name in FOLLOWS and name not in declared:
            self._sink.report(
                codes.FOLLOWS(argument=name, why=FOLLOWS[name]), argument.span, help="leave it out"
            )
            return
        translation = TRANSLATIONS.get(name)
        fix: Fix | None = None
        if translation is not None and translation.argument in declared:
            help = f"seqspec's word for it is `{translation.text}`"
            fix = Fix(argument.span, translation.text) if translation.whole else None
        else:
            found = nearest(name, declared)
            help = f"did you mean `{found}`?" if found else _listing(callee, args)
            fix = Fix(argument.name.span, found) if found else None
        unknown = (
            codes.UNKNOWN_SETTING(section=callee, name=name)
            if section
            else codes.UNKNOWN_ARGUMENT(callee=callee, argument=name)
        )
        self._sink.report(
            unknown,
            argument.name.span,
            help=help,
            fix=fix,
        )

    # ---- one value

    def value(self, callee: str, arg: Arg, expr: ast.Expr) -> Any:
        """The value of one argument, or FAILED."""
        kind = arg.kind
        if kind.otherwise is not None and isinstance(expr, ast.Call):
            kind = kind.otherwise
        if kind.category in ENTRIES:
            return self.setting(kind, expr, callee, arg.name)
        if kind.choices:
            return self._choice(kind, expr, callee, arg.name)
        if kind.category and self._special is not None:
            return self._special(kind, expr)
        if kind.items is not None and isinstance(expr, ast.List):
            value = self._items(callee, arg, kind.items, expr)
        elif isinstance(expr, ast.List) or kind is NAMES:
            value = self._names(expr)
        else:
            value = self._constants.evaluate(expr, self._known())
        if value is FAILED:
            return FAILED
        if isinstance(value, Word) and value.text in kind.words:
            return value.text
        if isinstance(value, Word):
            self._sink.report(
                codes.UNKNOWN_NAME(name=value.text),
                expr.span,
                help=self._suggest_constant(value.text, kind),
            )
            return FAILED
        value = _fit(kind, value)
        if (isinstance(value, Dim) and value.unknown) or kind.accepts(value):
            return value
        return self._refuse(kind, expr, callee, arg.name)

    def _suggest_constant(self, name: str, kind: Kind) -> str:
        found = nearest(name, self._known())
        return f"did you mean `{found}`?" if found else f"{kind.describe} is wanted here"

    def _names(self, expr: ast.Expr) -> tuple[str, ...] | Failed:
        names: list[str] = []
        for item in expr.items if isinstance(expr, ast.List) else (expr,):
            if isinstance(item, ast.Name | ast.Text):
                names.append(item.text if isinstance(item, ast.Name) else item.value)
            else:
                what = f"a list holds names here, not {self._written(item)}"
                self._sink.report(codes.FORBIDDEN_VALUE(what=what), item.span)
                return FAILED
            if names.count(names[-1]) > 1:
                what = f"`{names[-1]}` stands twice in the list"
                self._sink.report(codes.FORBIDDEN_VALUE(what=what), item.span, help="name it once")
                return FAILED
        return tuple(names)

    def _items(self, callee: str, arg: Arg, kind: Kind, expr: ast.List) -> Any:
        """The values of a list, each of a kind."""
        values = [self.value(callee, Arg(arg.name, kind), item) for item in expr.items]
        return FAILED if any(v is FAILED for v in values) else tuple(values)

    def _choice(self, kind: Kind, expr: ast.Expr, callee: str, argument: str) -> Any:
        word: object = None
        if isinstance(expr, ast.Name):
            found = self._constants.evaluate(expr, {})
            if isinstance(found, Dim) and found.unknown:
                return FAILED
            word = found.text if isinstance(found, Word) else expr.text
        if word in kind.choices:
            return word
        return self._refuse(kind, expr, callee, argument, kind.choices)

    def setting(self, kind: Kind, expr: ast.Expr, callee: str, argument: str) -> Setting | Failed:
        """An entry of a vocabulary table, with its own arguments bound."""
        table = ENTRIES[kind.category]
        name, given = _entry_call(expr)
        if isinstance(expr, ast.Name):
            word = self._constants.evaluate(expr, {})
            if isinstance(word, Dim) and word.unknown:
                return FAILED
            name = word.text if isinstance(word, Word) else name
        entry = table.get(name)
        if entry is None:
            return self._refuse(kind, expr, callee, argument, tuple(table))
        return self.entry(entry, given, expr.span)

    def entry(self, entry: Entry, given: Sequence[ast.Argument], at: Span) -> Setting | Failed:
        """An entry with the arguments that were written."""
        bound = self.bind(entry.name, entry.args, given, at)
        if bound is FAILED:
            return FAILED
        flaw = None if entry.rule is None else entry.rule(bound)
        if flaw is None:
            return Setting(entry, bound)
        self._sink.report(
            codes.FORBIDDEN_VALUE(what=flaw.what),
            _place(entry.args, given, flaw.argument) or at,
            help=flaw.help,
        )
        return FAILED

    def _refuse(
        self,
        kind: Kind,
        expr: ast.Expr,
        callee: str,
        argument: str,
        options: tuple[str, ...] = (),
    ) -> Failed:
        help = kind.advice
        fix: Fix | None = None
        written = expr.value if isinstance(expr, ast.Text) else _entry_call(expr)[0]
        if options:
            found = nearest(written, options)
            if isinstance(expr, ast.Text) and written in options:
                help = f"write it without quotes: `{written}`"
                fix = Fix(expr.span, written)
            elif found:
                help = f"did you mean `{found}`?"
                fix = Fix(expr.span, found) if not isinstance(expr, ast.Call) else None
            else:
                help = "known here: " + ", ".join(options)
        self._sink.report(
            codes.BAD_ARGUMENT(
                callee=callee,
                argument=argument,
                expected=kind.describe,
                actual=self._written(expr),
            ),
            expr.span,
            help=help,
            fix=fix,
        )
        return FAILED

    def _written(self, expr: ast.Expr) -> str:
        text = " ".join(self._source.excerpt(expr.span).split())
        return f"`{text if len(text) <= 40 else text[:37] + '...'}`"


def _place(args: Sequence[Arg], given: Sequence[ast.Argument], name: str) -> Span | None:
    """Where an argument's value is written."""
    for arg, argument in zip(args, given, strict=False):
        if argument.name is None and arg.name == name:
            return argument.value.span
    named = (a for a in given if a.name is not None and a.name.text == name)
    return next((a.value.span for a in named), None)


def _entry_call(expr: ast.Expr) -> tuple[str, tuple[ast.Argument, ...]]:
    if isinstance(expr, ast.Call):
        return expr.name.text, expr.arguments
    return (expr.text if isinstance(expr, ast.Name) else ""), ()


def _fit(kind: Kind, value: object) -> object:
    """Sizes are dimensions where a dimension is meant, numbers where a number is."""
    if isinstance(value, int) and not isinstance(value, bool) and kind.accepts(Dim.of(value)):
        return Dim.of(value) if value > 0 else value
    if isinstance(value, Dim) and value.value is not None and not kind.accepts(value):
        return value.value
    return value


def _listing(callee: str, args: Sequence[Arg]) -> str:
    if not args:
        return f"`{callee}` takes no arguments"
    return f"`{callee}` takes " + ", ".join(f"`{a.name}`" for a in args)


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).removesuffix(".")
