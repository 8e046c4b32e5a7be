"""Text of a spec stays data, and what is printed needs no formatter."""

from __future__ import annotations

import ast
import keyword
import subprocess
import sys

import pytest

from seqspec.backends.python_text import (
    Call,
    Choice,
    Code,
    Expr,
    Group,
    Index,
    Names,
    Sum,
    assign,
    call,
    comment,
    definition,
    docstring,
    flat,
    literal,
    mapping,
    safe,
    statement,
)

HOSTILE = [
    "",
    " ",
    "plain",
    "it's",
    'say "hi"',
    "both ' and \"",
    "two '' one \"",
    '"""',
    "'''",
    'ends with "',
    "ends with \\",
    '\\"""',
    '""""""',
    "a\nb",
    "a\r\nb",
    "a\rb",
    "nul \x00 bell \x07 escape \x1b[31m",
    "lines \u2028 and \u2029 and \x85 and \x0b and \x0c",
    "right to left \u202e override",
    "bom \ufeff",
    "lone \ud800 surrogate",
    "{x} {{ 7 * 7 }} {% for a in b %} {# no #}",
    "%s %(x)s $x `x` #x",
    "C:\\new\\table\\x41 \\N{BULLET} \\u0041",
    "tab\there",
    "é 漢字 🙂",
    "__import__('os').system('true')",
    '"); import os; ("',
    "  indented\n    more\n\n  less  ",
    "word " * 60,
    "x" * 300,
]


def ruff_formatted(source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"],
        input=source.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_literal_is_the_text(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert "\n" not in literal(text)
    assert literal(text).isprintable()


def test_plain_strings_among_arguments_are_quoted() -> None:
    assert flat(call("f", "x)", key='"')) == """f("x)", key='"')"""
    assert flat(call("f", Code("x"), 1, 2.0, True, None)) == "f(x, 1, 2.0, True, None)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1e-7, "1e-7"), (0.001, "0.001"), (-2.5e20, "-2.5e20"), (float("inf"), 'float("inf")')],
)
def test_floats(value: float, shown: str) -> None:
    assert literal(value) == shown
    assert eval(literal(value)) == value


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("indent", [0, 4])
def test_a_docstring_is_one_string_and_nothing_else(text: str, indent: int) -> None:
    lines = docstring(text, indent)
    header = "class A:\n" if indent else ""
    tree = ast.parse(header + "\n".join(lines))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else tree.body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= 100 or " " not in line.strip(' "') for line in lines)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_comment_stays_on_its_line(text: str) -> None:
    assert comment(text).isprintable()
    tree = ast.parse(f"x = 1  # {comment(text)}")
    assert len(tree.body) == 1


@pytest.mark.parametrize(
    "text", [*HOSTILE, *keyword.kwlist, "print", "l", "__class__", "1st", "ﬁt"]
)
def test_names_are_identifiers(text: str) -> None:
    name = safe(text)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
    assert not name.startswith("_")
    assert safe(name) == name


def test_names_are_given_out_once() -> None:
    names = Names({"forward", "x"})
    given = [names.fresh(n) for n in ("x", "x", "x", "forward", "class", "class_", "fi", "ﬁ")]
    assert given == ["x_", "x_2", "x_3", "forward_", "class_", "class_2", "fi", "fi_"]
    assert len(set(given)) == len(given)


def test_module_attributes_are_all_known() -> None:
    torch = pytest.importorskip("torch")
    from seqspec.backends.python_text import MODULE_ATTRIBUTES

    public = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert public <= MODULE_ATTRIBUTES


def samples() -> list[str]:
    """Statements around the widths at which the layout changes."""
    lines: list[str] = []
    for width in [*range(70, 110), 200]:
        filler = "a" * (width // 2)
        other = "b" * (width - width // 2)
        exprs: list[Expr] = [
            call("f", Code(filler), Code(other)),
            call("f", Code(filler), key=call("g", Code(other), 1, ("h" * 30))),
            call("f", call("g", Code(filler), Code(other)), 3),
            call("f", call("g", call("h", Code(filler), Code(other)))),
            Group("[", (Code(filler), Code(other))),
            Group("(", (Code(filler), Code(other))),
            Group("(", (call("g", Code(filler), Code(other)),)),
            mapping([("a", Code(filler)), ("b", call("g", Code(other), Code(other)))]),
            mapping([(filler, other)]),
            mapping([("k", Index(filler, other[:30], ".T"))]),
            call("f", Code(filler), "漢字" * 10),
            "s" * width,
            Call("f", ("s" * width,)),
            Code("1"),
            Sum((Code(filler), Code(other), Code("c"))),
            Sum((Code(filler), Code(filler), Code(other))),
            Sum((Code(filler), Code(other), Code(filler)), "*"),
            Choice(Sum((Code(filler), Code("1"))), Code("self.training"), Code(other)),
            Call("f", (call("g", Code(filler), 1), 2), behind=".mT"),
            call("h", Call("f", (Code(f"{filler}.mT"),), behind=".mT")),
        ]
        for expr in exprs:
            lines += assign("target", expr)
            lines += assign("target", expr, note="[B, T, 64]")
        lines += definition(f"f{width}", [f"{filler}: int", f"{other}: str = 'x'"], "None")
        lines += ["    return 1"]
        lines += definition(f"g{width}", [filler, other[:20]], "tuple[int, int]")
        lines += statement(
            "return ", call("f", Code(filler), Code(other)), indent=4, note="[B, 10]"
        )
    return lines


def test_layout_is_that_of_the_formatter() -> None:
    source = "\n".join(samples()).replace("'x'", '"x"') + "\n"
    formatted = ruff_formatted(source)
    # Blank lines between definitions are the templates' business.
    assert [s for s in formatted.splitlines() if s] == source.splitlines()


def test_hostile_text_needs_no_formatter() -> None:
    encodable = [text for text in HOSTILE if "\ud800" not in text]
    for text in HOSTILE:
        source = "\n".join(docstring(text)) + "\n"
        assert ruff_formatted(source) == source
    for text in encodable:
        source = "\n".join(["class A:", *docstring(text, 4), "", "    x = 1"]) + "\n"
        assert ruff_formatted(source) == source
        source = "\n".join(assign("x", text)) + "\n"
        assert ruff_formatted(source) == source
