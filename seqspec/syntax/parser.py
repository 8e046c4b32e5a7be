"""Text to syntax tree, with as many messages as there are mistakes."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import cast

import lark

from seqspec import resources
from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.syntax.brackets import (
    Mismatch,
    Scan,
    declarations,
    scan,
    statement_around,
    token_before,
)
from seqspec.syntax.build import build

KNOWN_VERSION = 1
_MOST_ERRORS = 20  # more would not help anybody

_HINTS = {
    "'": 'texts stand between double quotes: "like this"',
    '"': "the text is not closed on its line",
    ";": "no mark ends a statement; leave it out",
    "%": "a percentage is a number and its mark, such as 70%",
    "→": "write the arrow as ->",
    "–": "this is a dash; write a minus sign: -",
    "@": "seqspec has no decorators and no matrix product here",
}


def parse(source: SourceFile, sink: Sink) -> ast.Module | None:
    """The syntax tree of a file, or None after reporting what keeps it from having one."""
    found = scan(source)
    for mismatch in found.mismatches:
        _report_bracket(mismatch, source, sink)
    text = source.text
    for region in found.damaged:
        text = _blank(text, region)
    parser = _parser()
    for _ in range(_MOST_ERRORS):
        try:
            tree = _tree(parser, text)
        except lark.exceptions.UnexpectedInput as error:
            text = _blank(text, _report(error, text, source, sink))
        else:
            return None if sink.failed else _finish(tree, source, found, sink)
    return None


@cache
def _parser() -> lark.Lark:
    return lark.Lark(
        resources.grammar(), parser="lalr", propagate_positions=True, maybe_placeholders=True
    )


def _tree(parser: lark.Lark, text: str) -> lark.Tree[lark.Token]:
    return parser.parse(text)  # pyright: ignore[reportUnknownMemberType]


def _finish(
    tree: lark.Tree[lark.Token], source: SourceFile, found: Scan, sink: Sink
) -> ast.Module | None:
    module, breaks = build(tree, source, found)
    for gap in breaks:
        _report_break(gap, source, sink)
    if module.version is not None and module.version != KNOWN_VERSION:
        line = source.text.find("seqspec")
        sink.report(
            codes.BAD_VERSION(version=module.version),
            Span(line, source.text.find(str(module.version), line) + len(str(module.version))),
            help=f"this release knows version {KNOWN_VERSION}; a newer one may know it",
        )
        return None
    return None if breaks else module


def _report_break(gap: Span, source: SourceFile, sink: Sink) -> None:
    """A bracket on a later line than its name: line breaks mean nothing, so it belongs to it."""
    line = source.text.rfind("\n", 0, gap.start) + 1
    name = source.text[line : gap.start].split()[-1]
    sink.report(
        codes.UNEXPECTED(expected="the next statement", found=f"`{source.text[gap.end]}`"),
        Span(gap.end, gap.end + 1),
        labels=(Label(Span(gap.start - 1, gap.start), "it would go on with this"),),
        help=f"a statement begins with a name; if it belongs to `{name}`, write it on that line",
        fix=Fix(gap, ""),
    )


def _report_bracket(mismatch: Mismatch, source: SourceFile, sink: Sink) -> None:
    if mismatch.opening is None:
        sink.report(
            codes.UNOPENED(closing=mismatch.found),
            mismatch.at,
            help=f"remove it, or open it with `{_OPENING[mismatch.found]}` before",
        )
        return
    opening = source.excerpt(mismatch.opening)
    if mismatch.found in (")", "]"):
        sink.report(
            codes.WRONG_BRACKET(opening=opening, closing=mismatch.found),
            Span(mismatch.wrong, mismatch.wrong + 1),
            labels=(Label(mismatch.opening, "opened here"),),
            help=f"close it with `{mismatch.expected}`",
        )
        return
    labels = (Label(mismatch.at, f"`{mismatch.expected}` should stand after this"),)
    sink.report(
        codes.UNCLOSED(opening=opening),
        mismatch.opening,
        here="opened here",
        labels=labels,
        help=f"close it with `{mismatch.expected}`",
    )


_OPENING = {")": "(", "]": "[", "}": "{"}


def _report(
    error: lark.exceptions.UnexpectedInput, text: str, source: SourceFile, sink: Sink
) -> Span:
    """Report a syntax error; the region that is to be left out before trying again."""
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, lark.exceptions.UnexpectedToken):
        token = cast(lark.Token, error.token)
        if token.type == "$END":
            position = len(text.rstrip())
            at = Span(max(position - 1, 0), position)
            found = "the end of the file"
        else:
            position = token.start_pos or 0
            at = Span(position, token.end_pos or position + 1)
            found = f"`{token}`"
        expected = error.accepts or error.expected
        before = _unfinished(text, source, position)
        wanted = _either(expected)
        if before and found in ("`=`", "`(`"):
            wanted, found = "the rest of this", "the next statement"
        sink.report(
            codes.UNEXPECTED(expected=wanted, found=found),
            before or at,
            here="after this" if before else "",
            help=_advice(text, before or at, set(expected)),
        )
        position = before.start if before else position
    else:
        character = source.text[position : position + 1]
        at = Span(position, position + 1)
        sink.report(
            codes.BAD_CHARACTER(character=f"`{character}`"), at, help=_HINTS.get(character, "")
        )
    return statement_around(text, declarations(source), position)


def _unfinished(text: str, source: SourceFile, position: int) -> Span | None:
    """The last token before a statement or declaration that begins at ``position``.

    A name may always begin one; if it is not expected, what stands before it is not finished.
    """
    region = next((r for r in declarations(source) if r.start <= position < r.end), None)
    last = token_before(text, region.start) if region is not None else None
    if last is not None and text[last.start : last.end] in _GOES_ON:
        return last  # the declaration above took the beginning of this one for its rest
    name = token_before(text, position)
    if text[position : position + 1] == "}" and name and "\n" in text[name.end : position]:
        return name if text[name.start : name.end] not in "{}" else None
    if text[position : position + 1] == "=" and name and _first_on_its_line(text, name.start):
        position = name.start  # the name of the next binding was taken for the rest of this
    around = statement_around(text, declarations(source), position)
    return token_before(text, position) if around.start == position else None


#: The last characters of what cannot be the end of a declaration.
_GOES_ON = frozenset("=-+*/>,.:")


def _first_on_its_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _either(terminals: set[str]) -> str:
    # What may continue an expression says little; what must come next says all.
    operators = {"PLUS", "MINUS", "STAR", "SLASH", "DOT", "LSQB", "__ANON_0"}
    needed = terminals - operators or terminals
    if needed >= _VALUE:
        needed = needed - _VALUE - {"LPAR", "LSQB"}
        return "a value" if not needed else f"a value, {_listed(needed)}"
    return _listed(needed)


_VALUE = frozenset({"NAME", "NUMBER", "STRING", "BOOL"})


def _listed(needed: set[str]) -> str:
    phrases_of = tomllib.loads(resources.terminals())
    phrases = sorted(
        (str(phrases_of.get(t, t)) for t in needed), key=lambda p: (p.startswith("`"), p)
    )
    if len(phrases) == 1:
        return phrases[0]
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]


_PYTHON = re.compile(r"(def|class|import|from|return|lambda|for|if|while|with)\b")


_LATER = re.compile(r"cell\s+[A-Za-z_]|use\s+\"")


def _advice(text: str, at: Span, expected: set[str]) -> str:
    word = text[at.start : at.end]
    line = text.rfind("\n", 0, at.start) + 1
    if _PYTHON.match(text[line:].lstrip()):
        return "a spec is not Python: models, params and sections are all there is"
    if _LATER.match(text[line:].lstrip()):
        return "cells of one's own and `use` are not part of this release"
    if word == "[":
        return "a slice stands behind a name: give the value one first, then write `name[:, -1]`"
    if word in ("+", "-", "*", "/"):
        return "a pipeline goes into parentheses beside an operator: `a + (b -> dense(4))`"
    if (word[:1].isdigit() or word == "-") and "NAME" in expected and "NUMBER" not in expected:
        return "a statement begins with a name: write `x * 2`, or bind the value to one"
    if word == "(" and "NAME" in expected:
        return "a statement begins with a name; is one missing before `(`?"
    if word == "=" and {"COMMA", "RPAR"} & expected:
        return "an argument is `name=value`, with a plain name"
    if "RBRACE" in expected and word == "->":
        return "a pipeline begins with a value or a layer"
    return ""


def _blank(text: str, region: Span) -> str:
    """The text with a region turned to spaces: offsets and lines stay what they were."""
    hidden = re.sub(r"[^\n]", " ", text[region.start : region.end])
    return text[: region.start] + hidden + text[region.end :]
