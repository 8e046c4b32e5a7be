"""The vocabulary as text: what ``seqspec layers`` prints, drawn from the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from seqspec.diagnostics.suggest import did_you_mean
from seqspec.shapes import pattern
from seqspec.shapes.dim import Dim
from seqspec.vocabulary import ENTRIES, LAYERS, SECTIONS
from seqspec.vocabulary.sections import SectionSpec
from seqspec.vocabulary.spec import Arg, Entry, LayerSpec, Setting

Word = LayerSpec | Entry | SectionSpec


def words() -> Iterator[Word]:
    """Everything that a spec can name."""
    yield from LAYERS.values()
    yield from SECTIONS.values()
    for table in ENTRIES.values():
        yield from table.values()


def find(name: str) -> list[Word]:
    """The words of that name (a name may stand in two tables: the metric and the loss mse)."""
    return [word for word in words() if word.name == name]


def suggestion(name: str) -> str:
    """A help line for a name that is no word."""
    aliases = {a: spec.name for spec in LAYERS.values() for a in spec.aliases}
    if name in aliases:
        return f"did you mean `{aliases[name]}`?"
    return did_you_mean(name, [w.name for w in words()])


def kind(word: Word) -> str:
    """What sort of word this is."""
    if isinstance(word, LayerSpec):
        return "layer"
    return "section" if isinstance(word, SectionSpec) else word.category


def value(default: object) -> str:
    """A default as it would be written in a spec."""
    if default is None:
        return "none"
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, Setting):
        return default.name
    if isinstance(default, tuple):
        return f"[{', '.join(map(str, cast('tuple[object, ...]', default)))}]"
    if isinstance(default, str):
        return default if default.isidentifier() else f'"{default}"'
    return str(default) if isinstance(default, Dim | int) else f"{default:g}"


def signature(word: Word) -> str:
    """``name(argument, argument=default)``."""
    args = ", ".join(a.name if a.required else f"{a.name}={value(a.default)}" for a in word.args)
    return f"{word.name}({args})"


def overview() -> str:
    """A line for each layer, and where to find the rest."""
    width = max(len(name) for name in LAYERS)
    lines = [f"{spec.name.ljust(width)}  {spec.summary}" for spec in LAYERS.values()]
    for category, table in ENTRIES.items():
        lines.append(f"\n{category}: " + ", ".join(table))
    return "\n".join([*lines, "", "`seqspec layers NAME` describes any of them"])


def text(word: Word) -> str:
    """Everything about one word."""
    lines = [signature(word), "", f"{kind(word)}. {summary(word)}"]
    if isinstance(word, LayerSpec):
        takes = ", ".join(
            f"{p.kind} {pattern.show(p.pattern)}" + (" (two or more)" if p.variadic else "")
            for p in word.inputs
        )
        lines += ["", f"takes    {takes}", f"gives    {word.outputs}"]
        lines += [
            f"weight   {w.name} {pattern.show(w.shape)}" + ("" if w.trainable else " (statistics)")
            for w in word.weights
        ]
        if word.fields:
            lines.append("fields   " + ", ".join(f".{f}" for f in word.fields))
    if word.args:
        lines.append("")
        width = max(len(a.name) for a in word.args)
        lines += [f"{a.name.ljust(width)}  {describe(a)}" for a in word.args]
    if isinstance(word, Entry) and word.source:
        lines += ["", f"as in {word.source}"]
    lines += [f"\nin {backend} programs: {said}" for backend, said in differences(word)]
    return "\n".join(lines)


def summary(word: Word) -> str:
    """What a word means, and which weights it is for, if not for all."""
    facts: Mapping[str, Any] = word.facts if isinstance(word, Entry) else {}
    axes, least = facts.get("axes", 0), "" if kind(word) == "regularizer" else " or more"
    if facts.get("whole"):
        return f"{word.summary} For a weight that is a single matrix."
    return f"{word.summary} For weights with {axes} axes{least}." if axes else word.summary


def meaning(arg: Arg) -> str:
    """What an argument is for, and where it cannot be given."""
    if not arg.alone:
        return arg.doc
    around = [spec.name for spec in LAYERS.values() if _runs_a_layer(spec)]
    return f"{arg.doc} Not inside {' or '.join(around)}: {arg.alone}."


def _runs_a_layer(spec: LayerSpec) -> bool:
    """Whether a layer is another one that is run in a way of its own."""
    inside = any(arg.kind.category == "layer" for arg in spec.args)
    return inside and not (spec.per_step or spec.copies)


def describe(arg: Arg) -> str:
    """An argument in a sentence."""
    default = "" if arg.required else f" (default {value(arg.default)})"
    return f"{meaning(arg)} Must be {arg.kind.describe}{default}."


def differences(word: Word) -> Iterator[tuple[str, str]]:
    """How a backend departs from Keras's behaviour in a word, or why it cannot say it."""
    from seqspec.backends import base

    for name in base.BACKENDS:
        backend = base.get(name)
        if word.name in backend.UNSUPPORTED:
            yield name, backend.UNSUPPORTED[word.name]
        for deviation in backend.DEVIATIONS:
            if deviation.subject == word.name:
                yield name, f"{deviation.difference} ({deviation.reason})"


def as_json(word: Word) -> dict[str, object]:
    """One word as plain data."""
    found: dict[str, object] = {
        "name": word.name,
        "kind": kind(word),
        "summary": summary(word),
        "arguments": [
            {
                "name": a.name,
                "required": a.required,
                "default": None if a.required else value(a.default),
                "must_be": a.kind.describe,
                "doc": meaning(a),
            }
            for a in word.args
        ],
    }
    if isinstance(word, LayerSpec):
        found["takes"] = [pattern.show(p.pattern) for p in word.inputs]
        found["gives"] = word.outputs
        found["weights"] = {w.name: pattern.show(w.shape) for w in word.weights}
    return found
