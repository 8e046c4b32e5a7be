"""Models that differ in nothing but numbers: one definition that takes them as parameters.

``chain(Block, units=[48, 32, 16])`` builds three models of one declaration. What is written for
them is the same but for widths and rates: by hand, parameters of one class or function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from seqspec.backends.python_text import WIDTH, Code, Names, columns, flat, literal
from seqspec.ir.graph import Graph

K = TypeVar("K", bound=Hashable)
P = TypeVar("P")
Lines = tuple[str, ...]

_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w.])")
#: what code calls by its name: no attribute of something, no keyword of a call
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w=])")
_NOTE = "  # "
_SHAPE = re.compile(r"\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class Written:
    """The text of one model: what copies have to share to the letter, then what may differ.

    That is its documentation, the code that sees parameters, and code whose notes alone name them.
    """

    graph: Graph
    fixed: Lines
    doc: Lines
    open: Lines
    closed: Lines


@dataclass(frozen=True, slots=True)
class Shared:
    """The text that several models have in common; ``parameters`` are as a signature has them."""

    parameters: Lines
    doc: Lines
    open: Lines
    closed: Lines


@dataclass(frozen=True, slots=True)
class Copy:
    """What one of several models is: the text that they share, and its own numbers."""

    shared: Shared
    values: tuple[Code, ...]


def with_copies(write: Callable[[Mapping[K, Copy]], tuple[P, Mapping[K, Written]]]) -> P:
    """What a backend writes, with a text for all models that differ in numbers only.

    ``write`` is given the copies that are known, and gives with what it wrote those models that
    might be some, by what it will know them by. Models around copies are written anew: they may
    then be copies themselves.
    """
    copies: dict[K, Copy] = {}
    while True:
        plan, written = write(copies)
        more = _copies_among(written)
        if not more:
            return plan
        copies |= more


def _copies_among(models: Mapping[K, Written]) -> dict[K, Copy]:
    """Those of some models that can share their text with another one."""
    families: dict[tuple[object, ...], list[K]] = {}
    for key, model in models.items():
        plain = _with_sizes(model, tuple(f"size{n}" for n, _ in enumerate(model.graph.symbols())))
        lines = (plain.doc, plain.open, plain.closed)
        bare = tuple(tuple(_NUMBER.sub("0", line) for line in part) for part in lines)
        families.setdefault((model.graph.name, model.fixed, *bare), []).append(key)
    found: dict[K, Copy] = {}
    for keys in families.values():
        if len(keys) > 1:
            sizes = models[keys[0]].graph.symbols()
            copies = _merged([_with_sizes(models[key], sizes) for key in keys])
            found |= zip(keys, copies or (), strict=False)
    return found


def _with_sizes(model: Written, names: tuple[str, ...]) -> Written:
    """The same text with other names for the sizes that data decides, which only notes tell."""
    new = dict(zip(model.graph.symbols(), names, strict=True))
    if not any(old != name for old, name in new.items()):
        return model
    word = re.compile(rf"\b({'|'.join(map(re.escape, new))})\b")

    def shape(found: re.Match[str]) -> str:
        return word.sub(lambda symbol: new[symbol[0]], found[0])

    def line(text: str) -> str:
        before, mark, note = text.rpartition("# ")
        noted = mark and '"' not in note  # else it is a string that holds the sign
        return before + mark + _SHAPE.sub(shape, note) if noted else text

    return replace(
        model,
        doc=tuple(_SHAPE.sub(shape, text) for text in model.doc),
        open=tuple(map(line, model.open)),
        closed=tuple(map(line, model.closed)),
    )


def _merged(models: Sequence[Written]) -> list[Copy] | None:
    """The same models as copies of one text; None if a number is not known by a name.

    All of them are of one family.
    """
    known = _known([model.graph for model in models])
    taken = {word for line in (*models[0].open, *models[0].closed) for word in _WORD.findall(line)}
    names = Names(taken)
    called = {values: names.fresh(name) for values, name in known.items()}
    used: set[tuple[str, ...]] = set()
    parts: list[Lines] = []
    for part in ("doc", "open", "closed"):
        lines: list[str] = []
        for alike in zip(*(getattr(model, part) for model in models), strict=True):
            line = _line(alike, called, used, code=part == "open", notes=part == "doc")
            if line is None:
                return None
            lines += line
        parts.append(tuple(lines))
    given = [values for values in called if values in used]
    kinds = ("int" if all(map(str.isdigit, values)) else "float" for values in given)
    parameters = tuple(f"{called[v]}: {kind}" for v, kind in zip(given, kinds, strict=True))
    shared = Shared(parameters, *parts)
    return [
        Copy(shared, tuple(Code(values[place]) for values in given)) for place in range(len(models))
    ]


def _known(graphs: Sequence[Graph]) -> dict[tuple[str, ...], str]:
    """The numbers of each copy that have a name: sizes of inputs, settings, sizes of outputs."""
    found: dict[tuple[str, ...], str] = {}
    for name, numbers in (*_sizes(graphs), *_settings(graphs), *_results(graphs)):
        if len(set(numbers)) > 1:
            found.setdefault(numbers, name)
    return found


def _sizes(graphs: Sequence[Graph]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for ports in zip(*(graph.inputs for graph in graphs), strict=True):
        if ports[0].parts:
            continue
        owner = "" if len(graphs[0].inputs) == 1 else f"{ports[0].name}_"
        shapes = [port.tensor.shape for port in ports]
        for axis in range(len(shapes[0]) - 1, 0, -1):
            sizes = [shape[axis].value for shape in shapes]
            last = axis == len(shapes[0]) - 1 and ports[0].tensor.kind != "token"
            if None not in sizes:
                yield f"{owner}{'features' if last else 'steps'}", tuple(map(str, sizes))


def _settings(graphs: Sequence[Graph]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in graphs[0].settings:
        values = [graph.settings.get(name) for graph in graphs]
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            yield name, tuple(flat(literal(value)) for value in values)


def _results(graphs: Sequence[Graph]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for outputs in zip(*(graph.outputs for graph in graphs), strict=True):
        owner = "" if len(graphs[0].outputs) == 1 else f"{outputs[0][0]}_"
        sizes = [value.tensor.shape[-1].value for _, value in outputs if not value.parts]
        if sizes and None not in sizes:
            yield f"{owner}out_features", tuple(map(str, sizes))


def _line(
    alike: tuple[str, ...],
    called: dict[tuple[str, ...], str],
    used: set[tuple[str, ...]],
    *,
    code: bool,
    notes: bool,
) -> list[str] | None:
    """A line of all copies, with names for the numbers in which they differ.

    Names may be used in notes, and in all of it if it is ``code`` that sees them or ``notes``.
    """
    pieces = zip(*(_NUMBER.split(line) for line in alike), strict=True)
    made = ""
    for place, options in enumerate(pieces):
        if place % 2 == 0 or len(set(options)) == 1:
            made += options[0]
            continue
        name = called.get(options, "")
        noted = notes or _in_note(made)
        # A name that is shorter than a number might make room for another layout.
        if len(name) < max(map(len, options)) or not (code or noted):
            return None
        made += name
        if not noted:
            used.add(options)
    if columns(made) <= WIDTH:
        return [made]
    before, mark, note = made.partition(_NOTE)
    margin = before[: len(before) - len(before.lstrip())]
    lines = [f"{margin}# {note}", before] if mark else [made]
    return lines if all(columns(line) <= WIDTH for line in lines) else None


def _in_note(before: str) -> bool:
    """Whether what follows on the line is a comment; not if a string might hold its sign."""
    return before.lstrip().startswith("#") or (_NOTE in before and '"' not in before)
