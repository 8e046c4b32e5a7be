"""Hostile texts, and the ways to look for them in a program."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator

from seqspec.backends.base import OutputFile

#: Occurs in every hostile text, and nowhere else.
MARK = "CANARY"
#: What creates a file if anything ever runs it.
ACT = f"__import__('pathlib').Path('{MARK}').touch()"

TEXTS = {
    "double quote": f'"; {ACT}; "',
    "single quote": f"'; {ACT}; '",
    "triple double": f'"""\n{ACT}\n"""',
    "triple single": f"'''\n{ACT}\n'''",
    "newline": f"\n{ACT}\n",
    "carriage return": f"\r{ACT}\r",
    "line separator": f"\u2028{ACT}\u2029{ACT}\x85{ACT}\x0b{ACT}\x0c{ACT}",
    "backslash at the end": f"{MARK} \\",
    "backslashes and quote": f'\\\\\\"; {ACT} #{MARK}',
    "backslash newline": f"\\\n{ACT}",
    "braces": f"{{{ACT}}} {{0}} {{{MARK}!r}} }}}} {{{{",
    "jinja value": "{{ " + ACT + " }}",
    "jinja block": "{% for x in ().__class__.__base__.__subclasses__() %}" + MARK + "{% endfor %}",
    "jinja comment": "{# " + MARK + " #}{% raw %}",
    "percent": f"%({MARK})s %s %n {MARK}",
    "unicode escape": f"\\u0022; {ACT}; \\x22 \\N{{QUOTATION MARK}}",
    "comment": f"# -*- coding: utf-7 -*- {MARK} +AAo-{ACT}",
    "bidirectional": f"\u202e{MARK}\u2066 \u200b\ufeff",
    "null": f"{MARK}\0{ACT}",
    "surrogate pair": f"\U0001f40d{MARK}",
    "long": MARK + "x" * 500,
    "parent folder": f"../../{MARK}",
}


def quoted(text: str) -> str:
    """A text as a spec writes it between quotes."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


def code_names(text: str) -> Iterator[str]:
    """Everything in a Python file that is a name and not a string or a comment."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER):
            yield token.string
    for node in ast.walk(ast.parse(text)):
        # What would be looked up or called inside a string that is formatted.
        if isinstance(node, ast.FormattedValue):
            yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def assert_harmless(files: Iterable[OutputFile]) -> list[str]:
    """Each file compiles, lies in the folder, and has the mark in strings and comments only."""
    seen: list[str] = []
    for file in files:
        assert "/" not in file.path
        assert "\\" not in file.path
        assert not file.path.startswith(".")
        compile(file.text, file.path, "exec", dont_inherit=True)
        assert file.text.isprintable() or set(file.text) - set("\n") == {
            c for c in file.text if c.isprintable()
        }, "no invisible characters in a program"
        for name in code_names(file.text):
            assert MARK not in name, f"{file.path}: {name}"
            assert name not in ("pathlib.Path('CANARY')", "__subclasses__"), file.path
        tree = ast.parse(file.text)
        calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call)
                 and isinstance(n.func, ast.Name)}  # fmt: skip
        assert not calls & {"eval", "exec", "compile", "__import__"}, file.path
        strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        seen += [s for s in strings if isinstance(s, str)]
        # A comment ends at its line: whatever a reader of other rules takes for a line break.
        assert text_lines(file.text) == file.text.split("\n"), file.path
    return seen


def text_lines(text: str) -> list[str]:
    """The lines as editors see them."""
    return text.splitlines() + ([""] if text.endswith("\n") else [])
