"""Random models, valid by construction: each layer is chosen by its ports and what reaches it.

The types in between are those that the checker finds for the part written so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hypothesis import strategies as st

from seqspec.diagnostics.render import text as rendered
from seqspec.driver import Compilation
from seqspec.types import Role, Tensor
from seqspec.vocabulary import ENTRIES, LAYERS
from seqspec.vocabulary.spec import SIZE, Arg, LayerSpec, Port
from tests.matrix.spec_text import errors, values_of

INPUTS = (
    "float[B, T, 6]",
    "float[B, 5]",
    "token(9)[B, T]",
    "token(9)[B, 3]",
    "float[B, 4, 3]",
    "float[B, N, T, 2]",
)


@dataclass
class Draft:
    """A model being written: inputs, statements, and the name of the value that flows on."""

    inputs: list[str]
    lines: list[str] = field(default_factory=list[str])
    value: str = "x0"

    def text(self) -> str:
        ports = ", ".join(f"x{i}: {type_}" for i, type_ in enumerate(self.inputs))
        body = "".join(f"    {line}\n" for line in [*self.lines, self.value])
        return f"model M({ports}) {{\n{body}}}\n"

    def type(self) -> Tensor:
        compilation = Compilation.of_text(self.text())
        told = [rendered(d, compilation.source) for d in compilation.check()]
        assert compilation.graph is not None, "\n".join([self.text(), *told])
        return compilation.graph.outputs[0][1].tensor


def fits(port: Port, type_: Tensor, rank: int) -> bool:
    """Whether a value may flow into a port, as one of ``rank`` axes."""
    parts = port.pattern.split()
    enough = rank >= len(parts) - 1 if "..." in parts else rank == len(parts)
    return enough and port.kind in ("any", type_.kind)


def suits(spec: LayerSpec, type_: Tensor, rank: int) -> bool:
    """Whether a layer may be applied: weights need to know how wide their input is."""
    width_known = type_.shape[-1].value is not None or type_.kind == "token"
    if type_.role is Role.PROBABILITIES and spec.rule is LAYERS["softmax"].rule:
        return False
    return fits(spec.inputs[0], type_, rank) and (width_known or not spec.weights)


@st.composite
def models(draw: st.DrawFn) -> str:
    """A model of a few layers."""
    draft = Draft([draw(st.sampled_from(INPUTS))])
    for number in range(draw(st.integers(1, 5))):
        type_ = draft.type()
        specs = [s for s in LAYERS.values() if not s.copies and _possible(s, type_)]
        form = draw(st.integers(0, 9))
        if form < 2 and type_.rank > 1:
            call = _slice(draw, type_)
        elif form < 4 and type_.kind == "float":
            call = _formula(draw)
        elif form == 4 and _wide(type_):
            call = _copies(draw, type_)
        else:
            call = _call(draw, draw(st.sampled_from(specs)), type_, type_.rank)
        name = f"v{number}"
        longer = Draft(draft.inputs, [*draft.lines, f"{name} = {call(draft.value)}"], name)
        # A cut, a window or a shape may not fit the sizes at hand: then it is left out.
        if errors(longer.text()) not in (["SEQ309"], ["SEQ425"]):
            draft = longer
    if draft.type().kind == "token":
        draft.lines.append(f"numbers = {draft.value} -> embedding(2)")
        draft.value = "numbers"
    return draft.text()


def _slice(draw: st.DrawFn, type_: Tensor) -> Callable[[str], str]:
    """How part of a value is taken: as little as leaves enough of lengths that are not known."""
    entries = [":"]
    for dim in type_.shape[1:]:
        if type_.kind == "float" and type_.rank == 2:
            entries.append(draw(st.sampled_from([":", "1:", ":-1", "::2"])))  # a vector stays one
            continue
        places = [":", "0", "-1", "1:", ":-1", "::2"]
        places += ["1", "0:2", "-2:", "1:2"] if dim.value is not None else []
        entries.append(draw(st.sampled_from(places)))
    if draw(st.booleans()) and entries[1:-1] == [":"] * (len(entries) - 2):
        entries = ["...", entries[-1]] if len(entries) > 1 else entries
    index = ", ".join(entries)
    return lambda value: f"{value}[{index}]"


def _wide(type_: Tensor) -> bool:
    return type_.kind == "float" and type_.rank > 1 and type_.shape[-1].value is not None


def _copies(draw: st.DrawFn, type_: Tensor) -> Callable[[str], str]:
    """Copies of a layer, one after the other or side by side."""
    width = type_.shape[-1]
    unit = draw(
        st.sampled_from([f"dense({width})", f"dense({width}) -> activation(tanh)", "layer_norm"])
    )
    text = draw(
        st.sampled_from(
            [
                f"chain({unit}, 3)",
                "chain(dense(activation=tanh), units=[3, 5])",
                f"branches({unit}, dense(2))",
                "branches(dense, units=[2, 3, 2])",
                f"chain(branches({unit}, {unit}) -> dense({width}), 2)",
            ]
        )
    )
    return lambda value: f"{value} -> {text}"


def _formula(draw: st.DrawFn, depth: int = 0) -> Callable[[str], str]:
    """Arithmetic on a value: with numbers, with itself, with what a layer makes of it."""
    leaves = ["{0}", "({0} -> activation(tanh))", "0.5", "3"]
    if depth == 2 or (depth and draw(st.booleans())):
        leaf = draw(st.sampled_from(leaves))
        return leaf.format
    left, right = (_formula(draw, depth + 1) for _ in range(2))
    sign = draw(st.sampled_from(["+", "-", "*", "/ 7 -"]))
    minus = draw(st.sampled_from(["", "-"]))
    # A value in front: numbers alone are no value.
    first = "{0} * " if depth == 0 else ""
    return lambda value: f"{first.format(value)}({minus}{left(value)}) {sign} ({right(value)})"


def _possible(spec: LayerSpec, type_: Tensor) -> bool:
    if spec.per_step:
        # A vector at each step: not a number, which few layers take.
        return type_.rank >= 3 or (type_.rank == 2 and type_.kind == "token")
    if any(arg.kind.category == "layer" for arg in spec.args):
        return any(_wraps(spec, inner, type_, type_.rank) for inner in LAYERS.values())
    enough = type_.rank >= 2 if _joins(spec) else True
    return enough and suits(spec, type_, type_.rank)


def _joins(spec: LayerSpec) -> bool:
    return spec.inputs[0].variadic or len(spec.inputs) > 1


def _wraps(spec: LayerSpec, inner: LayerSpec, type_: Tensor, rank: int) -> bool:
    return bool(inner.states) and suits(inner, type_, rank) and fits(spec.inputs[0], type_, rank)


def _call(draw: st.DrawFn, spec: LayerSpec, type_: Tensor, rank: int) -> Callable[[str], str]:
    """How the layer is applied to a value."""
    inside = _layer(draw, spec, type_, rank)
    if _joins(spec):
        count = draw(st.integers(2, 3)) if spec.inputs[0].variadic else len(spec.inputs)
        rest = f", {inside.partition('(')[2][:-1]}" if "(" in inside else ""
        return lambda value: f"{spec.name}({', '.join([value] * count)}{rest})"
    return lambda value: f"{value} -> {inside}"


def _layer(draw: st.DrawFn, spec: LayerSpec, type_: Tensor, rank: int) -> str:
    written: list[str] = []
    for arg in spec.args:
        if arg.kind.category == "layer":
            steps = rank - 1 if spec.per_step else rank
            fit = _each_able if spec.per_step else partial(_wraps, spec)
            inners = [s for s in LAYERS.values() if not s.copies and fit(s, type_, steps)]
            written.append(_layer(draw, draw(st.sampled_from(inners)), type_, steps))
        elif arg.required or draw(st.booleans()):
            value = _value(draw, spec, arg, type_)
            if value:
                written.append(f"{arg.name}={value}")
    return f"{spec.name}({', '.join(written)})" if written else spec.name


def _each_able(spec: LayerSpec, type_: Tensor, rank: int) -> bool:
    plain = not any(arg.kind.category == "layer" for arg in spec.args)
    return plain and not _joins(spec) and suits(spec, type_, rank)


def _value(draw: st.DrawFn, spec: LayerSpec, arg: Arg, type_: Tensor) -> str:
    if arg.kind.category in ("state", "dimension", "weight"):
        return ""
    if arg.kind is SIZE:
        return "3"
    few, more = values_of(spec, arg)
    values = few + more
    if arg.kind.category == "activation" and not spec.weights and type_.role is not Role.PLAIN:
        # What are probabilities already do not become so again.
        entries = ENTRIES["activation"]
        values = [v for v in values if entries[v].facts["role"] is Role.PLAIN]
    return draw(st.sampled_from(values))
