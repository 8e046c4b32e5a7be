"""Parse tree to syntax tree: one method per grammar rule, punctuation dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lark import Token, Tree

from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.syntax.brackets import Scan

Parsed = Tree[Token]
Child = Parsed | Token | None

#: What means nothing: blanks, line breaks, comments.
_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def build(tree: Parsed, source: SourceFile, scan: Scan) -> tuple[ast.Module, list[Span]]:
    """The syntax tree of a whole file; ``scan`` supplies its comments.

    Also what stands between a name and a bracket on a later line that was read as its own.
    """
    builder = _Builder(source, scan)
    return builder.module(tree), builder.breaks


class _Builder:
    def __init__(self, source: SourceFile, scan: Scan) -> None:
        self._source = source
        self._scan = scan
        self.breaks: list[Span] = []

    def module(self, tree: Parsed) -> ast.Module:
        version: int | None = None
        declarations: list[ast.Declaration] = []
        rules: dict[str, Callable[[Parsed], ast.Declaration]] = {
            "param": self.param,
            "model": self.model,
            "section": self.section,
        }
        for child in _trees(tree.children):
            if child.data == "version":
                version = int(float(str(child.children[0]).rstrip("%")))
            else:
                declarations.append(rules[str(child.data)](child))
        comments = tuple(ast.Identifier(s, self._source.excerpt(s)) for s in self._scan.comments)
        return ast.Module(Span(0, len(self._source.text)), version, tuple(declarations), comments)

    # ---- declarations

    def param(self, tree: Parsed) -> ast.Param:
        name, type_, value = tree.children
        span = _span(tree)
        return ast.Param(
            span, _identifier(name), self.type(type_), self.expr(value), self._doc(span)
        )

    def model(self, tree: Parsed) -> ast.Model:
        role, name, ports, returns, *body = tree.children
        span = _span(tree)
        assert isinstance(role, Token)
        brace = self._source.text.rfind("{", span.start, _body_start(body, span))
        if isinstance(returns, Tree) and returns.data == "named_returns":
            result: ast.TypeExpr | tuple[ast.Port, ...] | None = self.ports(returns.children[0])
        else:
            result = self.type(returns.children[0]) if isinstance(returns, Tree) else None
        header = Span(span.start, span.start + len(self._source.text[span.start : brace].rstrip()))
        return ast.Model(
            span,
            str(role),
            _identifier(name),
            self.ports(ports),
            result,
            tuple(self.statement(s) for s in _trees(body)),
            header,
            self._doc(span),
        )

    def ports(self, tree: Child) -> tuple[ast.Port, ...]:
        if not isinstance(tree, Tree):
            return ()
        return tuple(self._port(child) for child in _trees(tree.children))

    def _port(self, tree: Parsed) -> ast.Port:
        name, type_, default = _parts(tree)
        value = None if default is None else self.expr(default)
        return ast.Port(_span(tree), _identifier(name), self.type(type_), value)

    def section(self, tree: Parsed) -> ast.Section:
        kind, name, *settings = _parts(tree)
        span = _span(tree)
        lines = tuple(
            ast.SettingLine(_span(s), _identifier(s.children[0]), self.expr(s.children[1]))
            for s in _trees(settings)
        )
        bound = None if name is None else _identifier(name)
        return ast.Section(span, _identifier(kind), bound, lines, self._doc(span))

    # ---- types and statements

    def type(self, tree: Child) -> ast.TypeExpr | None:
        if not isinstance(tree, Tree):
            return None
        if tree.data == "call":
            return self._call(tree)
        kind, arguments, *dims = _parts(tree)
        sizes = tuple(self.expr(d) for d in dims if d is not None)
        return ast.TensorType(_span(tree), _identifier(kind), self._arguments(arguments), sizes)

    def statement(self, tree: Parsed) -> ast.Statement:
        if tree.data == "result":
            return ast.Result(_span(tree), self.expr(tree.children[0]))
        if tree.data == "weights":
            return ast.Weights(_span(tree), tuple(self._port(p) for p in _trees(tree.children)))
        *targets, value = tree.children
        bound = tuple(
            ast.Target(_span(t), _identifier(t.children[0]), self.type(t.children[1]))
            for t in _trees(targets)
        )
        return ast.Bind(_span(tree), bound, self.expr(value))

    # ---- expressions

    def expr(self, tree: Child) -> ast.Expr:
        assert isinstance(tree, Tree)
        rule, span = str(tree.data), _span(tree)
        if rule == "pipe":
            return ast.Pipe(span, tuple(self._steps(tree)))
        if rule in _OPERATORS:
            left, right = tree.children
            return ast.Binary(span, _OPERATORS[rule], self.expr(left), self.expr(right))
        if rule == "neg":
            return ast.Negative(span, self.expr(tree.children[0]))
        if rule == "field":
            owner, name = tree.children
            return ast.Field(span, self.expr(owner), _identifier(name))
        if rule == "index":
            return self._index(tree)
        if rule == "list":
            return ast.List(span, tuple(self.expr(c) for c in _parts(tree) if c is not None))
        if rule == "call":
            return self._call(tree)
        return _leaf(rule, span, str(tree.children[0]))

    def _index(self, tree: Parsed) -> ast.Index:
        owner, *parts = tree.children
        value = self.expr(owner)
        self._same_line(value.span)
        return ast.Index(_span(tree), value, tuple(self._part(p) for p in _trees(parts)))

    def _part(self, tree: Parsed) -> ast.Slice | ast.Rest | ast.Expr:
        if tree.data == "rest":
            return ast.Rest(_span(tree))
        if tree.data != "slice":
            return self.expr(tree)
        start, stop, step = (None if p is None else self.expr(p) for p in _parts(tree))
        return ast.Slice(_span(tree), start, stop, step)

    def _same_line(self, owner: Span) -> None:
        """Keep in mind a bracket that follows what it belongs to on another line."""
        between = _SPACE.match(self._source.text, owner.end)
        if between is not None and "\n" in between.group():
            self.breaks.append(Span(owner.end, between.end()))

    def _steps(self, tree: Parsed) -> list[ast.Expr]:
        left, right = tree.children
        if isinstance(left, Tree) and left.data == "pipe":
            return [*self._steps(left), self.expr(right)]
        return [self.expr(left), self.expr(right)]

    def _call(self, tree: Parsed) -> ast.Call:
        name, arguments = tree.children
        self._same_line(_identifier(name).span)
        return ast.Call(_span(tree), _identifier(name), self._arguments(arguments))

    def _arguments(self, tree: Child) -> tuple[ast.Argument, ...]:
        if not isinstance(tree, Tree):
            return ()
        found: list[ast.Argument] = []
        for child in _trees(tree.children):
            if child.data == "kwarg":
                name, value = child.children
                found.append(ast.Argument(_span(child), _identifier(name), self.expr(value)))
            else:
                found.append(ast.Argument(_span(child), None, self.expr(child)))
        return tuple(found)

    def _doc(self, span: Span) -> str:
        """The comment block directly above a declaration, without its marks."""
        line, _ = self._source.position(span.start)
        lines: list[str] = []
        while line > 1:
            line -= 1
            text = self._source.line(line).strip()
            if not text.startswith("#"):
                break
            lines.append(text.lstrip("#").strip())
        return "\n".join(reversed(lines)).strip()


def _leaf(rule: str, span: Span, text: str) -> ast.Expr:
    if rule == "ref":
        return ast.Name(span, text)
    if rule == "bool":
        return ast.Bool(span, text == "true")
    if rule == "string":
        return ast.Text(span, _unescape(text[1:-1]))
    percent = text.endswith("%")
    digits = text.removesuffix("%")
    if percent:
        return ast.Number(span, float(digits) / 100, percent=True)
    return ast.Number(span, int(digits) if digits.isdecimal() else float(digits))


def _unescape(text: str) -> str:
    # Only the escapes that JSON has too; any other backslash stands for itself.
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
    out: list[str] = []
    characters = iter(text)
    for c in characters:
        if c != "\\":
            out.append(c)
            continue
        following = next(characters, "")
        out.append(escapes.get(following, "\\" + following))
    return "".join(out)


def _identifier(token: Child) -> ast.Identifier:
    assert isinstance(token, Token) and token.start_pos is not None and token.end_pos is not None
    return ast.Identifier(Span(token.start_pos, token.end_pos), str(token))


def _span(tree: Parsed) -> Span:
    return Span(tree.meta.start_pos, tree.meta.end_pos)


def _parts(tree: Parsed) -> list[Child]:
    """The children, with None where an optional part is absent (lark's annotation omits it)."""
    return list(tree.children)


def _trees(children: Sequence[Child]) -> list[Parsed]:
    return [c for c in children if isinstance(c, Tree)]


def _body_start(body: Sequence[Child], span: Span) -> int:
    first = next(iter(_trees(body)), None)
    return span.end if first is None else first.meta.start_pos


__all__ = ["build"]
