"""Python source as values: the only door from the text of a spec to the text of a program.

Three things are kept apart by type. :class:`Code` is Python already, written by a backend. A plain
``str`` is data and is always printed as a quoted literal. Names out of a spec become identifiers
through :class:`Names`. So a text that takes the wrong way ends up harmless: between quotes.

Statements are laid out the way ``ruff format`` would at :data:`WIDTH` columns, so that programs
need no formatter when they are written.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

WIDTH = 100
INDENT = "    "


class Code(str):
    """Text that is Python already. Never made from the text of a spec."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call: ``args``, then ``keywords`` as (name, value), then ``behind``, such as ``".mT"``."""

    function: str
    args: tuple[Expr, ...] = ()
    keywords: tuple[tuple[str, Expr], ...] = ()
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A bracketed list: ``opening`` is ``"("``, ``"["`` or ``"{"``.

    A round group of one is a tuple. ``items`` of a mapping are :class:`Pair`.
    """

    opening: str
    items: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One entry of a mapping: ``key: value``."""

    key: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Index:
    """``of[key]`` with ``after`` behind it, such as ``".T"``."""

    of: str
    key: Expr
    after: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """``a + b + c``, the value of a whole statement; ``"- +"`` is ``a - b + c``."""

    terms: tuple[Expr, ...]
    operator: str = "+"


@dataclass(frozen=True, slots=True)
class Choice:
    """``value if condition else otherwise``, the value of a whole statement."""

    value: Expr
    condition: Code
    otherwise: Expr


Expr = Code | Call | Group | Pair | Index | Sum | Choice | str | int | float | bool | None


def call(function: str, *args: Expr, **keywords: Expr) -> Call:
    """``function(*args, **keywords)``; plain strings among the arguments are quoted."""
    return Call(function, args, tuple(keywords.items()))


def mapping(entries: Iterable[tuple[Expr, Expr]]) -> Group:
    """``{key: value, …}``"""
    return Group("{", tuple(Pair(key, value) for key, value in entries))


# ------------------------------------------------------------------------------------- literals


def literal(value: str | int | float | bool | tuple[object, ...] | list[object] | None) -> Code:
    """The literal of a value, quoted and spelt as ``ruff format`` leaves it."""
    if isinstance(value, str):
        return Code(_quoted(value))
    if isinstance(value, float):
        return Code(_float(value))
    if isinstance(value, tuple | list):
        items = [literal(item) for item in value]  # type: ignore[arg-type]
        inside = ", ".join(items)
        if isinstance(value, list):
            return Code(f"[{inside}]")
        return Code(f"({inside},)" if len(items) == 1 else f"({inside})")
    return Code(repr(value))


def _quoted(text: str) -> str:
    # Double quotes unless single ones need fewer backslashes.
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(c, quote) for c in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return "\\" + character
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return named or visible(character)


def visible(text: str) -> str:
    """The text with everything that does not show (or reorders what shows) as an escape."""
    return "".join(c if c.isprintable() else _escape_code(ord(c)) for c in text)


def _escape_code(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _float(value: float) -> str:
    if not math.isfinite(value):
        return f'float("{value}")'
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa}e{int(exponent)}"


# ------------------------------------------------------------------------------------ documentation


def comment(text: str) -> str:
    """One line that can stand behind ``# ``."""
    return visible(" ".join(text.split()))


def docstring(text: str, indent: int = 0) -> list[str]:
    """The lines of a docstring that says ``text``, at a depth of ``indent`` spaces.

    Lines too long are folded at spaces; blank lines at the ends are dropped.
    """
    lines = [_doc_line(line) for line in re.split(r"\r\n|\r|\n", text)]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    margin = " " * indent
    if not lines:
        lines = ["..."]
    lines = [
        lines[0].lstrip(),
        *textwrap.dedent("\n".join(lines[1:])).split("\n")[: len(lines) - 1],
    ]
    if lines[0].startswith('"'):  # would melt into the opening quotes
        lines[0] = " " + lines[0]
    quotes = '"""'
    single = len(lines) == 1
    folded: list[str] = []
    for number, line in enumerate(lines):
        # The first line shares its space with the quotes, and a lone one with both.
        taken = indent + (3 if number == 0 else 0) + (3 if single else 0)
        folded.extend(_fold(line, WIDTH - taken))
    closing = [margin + quotes] if len(folded) > 1 else []
    if not closing:
        # A quote at the end would melt into the closing quotes.
        melts = folded[0].endswith('"') and not folded[0].endswith('\\"')
        return [f"{margin}{quotes}{folded[0]}{' ' if melts else ''}{quotes}"]
    body = [margin + line if line else "" for line in folded[1:]]
    return [f"{margin}{quotes}{folded[0]}", *body, *closing]


def _doc_line(line: str) -> str:
    expanded = line.expandtabs(4).rstrip()
    text = visible(expanded.replace("\\", "\\\\")).replace('"""', '\\"\\"\\"')
    return text.rstrip()


def _fold(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    lead = line[: len(line) - len(line.lstrip())]
    rest = lead + INDENT if lead else lead
    folded: list[str] = []
    current = ""
    for word in line.split():
        start = lead if not folded else rest
        if current and columns(f"{start}{current} {word}") > width:
            folded.append(start + current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*folded, (lead if not folded else rest) + current]


# -------------------------------------------------------------------------------------- identifiers

#: What ``nn.Module`` calls its own; a layer of that name would replace it.
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
    double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad
    """.split()
)

_AMBIGUOUS = frozenset({"l", "O", "I"})
_BUILTINS = frozenset(dir(builtins))
_LONGEST = 36


def safe(name: str) -> str:
    """An identifier that resembles ``name``: not a keyword, not a builtin, not private."""
    # Python reads identifiers in this normal form; names equal after it are one name.
    text = unicodedata.normalize("NFKC", name)
    text = "".join(c if f"a{c}".isidentifier() else "_" for c in text)
    text = re.sub(r"__+", "_", text).strip("_")[:_LONGEST].rstrip("_")
    if not text:
        return "value"
    if not text.isidentifier():
        text = f"n{text}"
    if keyword.iskeyword(text) or text in _BUILTINS or text in _AMBIGUOUS:
        return f"{text}_"
    return text


class Names:
    """The identifiers of one scope. Each is given out once."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)

    def fresh(self, wanted: str) -> str:
        """An identifier nobody has yet, as close to ``wanted`` as can be."""
        base = safe(wanted)
        name = base
        if name in self._taken and not name.endswith("_") and f"{name}_" not in self._taken:
            name = f"{name}_"
        number = 2
        while name in self._taken:
            name = f"{base.rstrip('_')}_{number}"
            number += 1
        self._taken.add(name)
        return name

    def has(self, name: str) -> bool:
        """Whether the identifier is taken."""
        return name in self._taken


# ------------------------------------------------------------------------------------------- layout


def columns(text: str) -> int:
    """How wide a text is: East Asian characters take two columns, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def flat(expr: Expr) -> str:
    """The expression on one line."""
    match expr:
        case Code():
            return str(expr)
        case Call(function, args, keywords, behind):
            inside = [*map(flat, args), *(f"{name}={flat(value)}" for name, value in keywords)]
            return f"{function}({', '.join(inside)}){behind}"
        case Group(opening, items):
            inside = ", ".join(map(flat, items))
            tail = "," if opening == "(" and len(items) == 1 else ""
            return f"{opening}{inside}{tail}{_CLOSING[opening]}"
        case Pair(key, value):
            return f"{flat(key)}: {flat(value)}"
        case Index(of, key, after):
            return f"{of}[{flat(key)}]{after}"
        case Sum(terms, operator):
            rest = zip(cycle(operator.split()), map(flat, terms[1:]), strict=False)
            return " ".join([flat(terms[0]), *(f"{sign} {term}" for sign, term in rest)])
        case Choice(value, condition, otherwise):
            return f"{flat(value)} if {condition} else {flat(otherwise)}"
        case _:
            return literal(expr)


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def statement(
    before: str, expr: Expr, after: str = "", *, indent: int = 0, note: str = ""
) -> list[str]:
    """The lines of ``before + expr + after``, laid out, with ``note`` as a comment.

    ``before`` is such as ``"x = "`` or ``"return "``. The note stands at the end of the line if
    there is room, otherwise on a line of its own above.
    """
    margin = " " * indent
    lines = _laid_out(before, expr, after, indent)
    if not note:
        return lines
    if len(lines) == 1 and columns(lines[0]) + 4 + columns(note) <= WIDTH:
        return [f"{lines[0]}  # {note}"]
    return [f"{margin}# {note}", *lines]


def assign(target: str, expr: Expr, *, indent: int = 0, note: str = "") -> list[str]:
    """The lines of an assignment."""
    if isinstance(expr, str) and not isinstance(expr, Code):
        text = flat(expr)
        wide = indent + columns(text)
        if wide + len(target) + 3 > WIDTH >= wide + 4:
            margin = " " * indent
            note_lines = [f"{margin}# {note}"] if note else []
            return [*note_lines, f"{margin}{target} = (", f"{margin}{INDENT}{text}", f"{margin})"]
    return statement(f"{target} = ", expr, indent=indent, note=note)


def definition(name: str, parameters: Iterable[str], returns: str, *, indent: int = 0) -> list[str]:
    """The lines of ``def name(parameters) -> returns:``."""
    return _laid_out(
        "def ", Call(name, tuple(Code(p) for p in parameters)), f" -> {returns}:", indent
    )


def _pieces(expr: Expr, room: int) -> list[str]:
    """An expression with operators in lines of at most ``room`` columns, if that can be."""
    match expr:
        case Sum(terms, operator) if columns(flat(expr)) > room:
            rest = zip(cycle(operator.split()), map(flat, terms[1:]), strict=False)
            return [flat(terms[0]), *(f"{sign} {term}" for sign, term in rest)]
        case Choice(value, condition, otherwise) if columns(flat(expr)) > room:
            return [*_pieces(value, room), f"if {condition}", f"else {flat(otherwise)}"]
        case _:
            return [flat(expr)]


def _laid_out(before: str, expr: Expr, after: str, indent: int) -> list[str]:
    margin = " " * indent
    line = f"{margin}{before}{flat(expr)}{after}"
    if columns(line) <= WIDTH:
        return [line]
    match expr:
        case Call(function, args, keywords, behind):
            items = [("", arg) for arg in args] + [(f"{name}=", value) for name, value in keywords]
            opening, closing = f"{function}(", f"){behind}"
        case Group(bracket, members):
            items = [("", member) for member in members]
            opening, closing = bracket, _CLOSING[bracket]
        case Pair(key, value):
            return _laid_out(f"{before}{flat(key)}: ", value, after, indent)
        case Index(of, key, behind):
            inside = " " * len(INDENT) + flat(key)
            return [f"{margin}{before}{of}[", f"{margin}{inside}", f"{margin}]{behind}{after}"]
        case Sum() | Choice():
            inner = margin + INDENT
            lines = [inner + piece for piece in _pieces(expr, WIDTH - len(inner))]
            return [f"{margin}{before}(", *lines, f"{margin}){after}"]
        case _:
            return [line]
    if not items:
        return [line]
    inner = indent + len(INDENT)
    inside = ", ".join(name + flat(value) for name, value in items)
    # Lists and mappings that break have one entry a line; calls may keep all on one.
    if isinstance(expr, Call) and inner + columns(inside) <= WIDTH:
        body = [" " * inner + inside]
    else:
        body = [text for name, value in items for text in _laid_out(name, value, ",", inner)]
    return [f"{margin}{before}{opening}", *body, f"{margin}{closing}{after}"]
