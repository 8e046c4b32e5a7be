"""Specs written from the registry: every layer with every kind of value of every argument.

Nothing here names a layer. What a new *kind* of argument looks like in a spec has to be said in
:func:`values_of`, which refuses kinds that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Diagnostic, Severity
from seqspec.driver import Compilation
from seqspec.vocabulary import ENTRIES, LAYERS
from seqspec.vocabulary.spec import AXES, REQUIRED, SIZE, Arg, Entry, Kind, LayerSpec, Port
from tests.matrix.pairwise import Row, cover

#: How a symbol of a port's pattern is written. Widths are primes that no argument's samples are.
SYMBOLS: Mapping[str, str] = {"B": "B", "T": "T", "H": "H", "W": "W", "S": "S"}
WIDTH = "13"
STEPS = "2"  # few, as in trial.SHORT
BOUND = "10"  # ids that tokens have

#: What ``...`` may stand for.
RESTS = ("", "T", "T, 19")

#: Pseudo-arguments of a layer: what it is applied to.
REST, OPERANDS = "(rest)", "(operands)"

#: Ways to give an initial state: not at all, as a value, tensor by tensor.
ABSENT, WHOLE, PARTS = "zeros", "state", "tensors"

#: What is refused beside other arguments, and so is tried in rows of its own; what those are then.
CARRIED = "stateful"
APART = {"go_backwards": "false", "initial": ABSENT}


@dataclass(frozen=True)
class Applied:
    """A layer with arguments, and the types of what flows into it."""

    spec: LayerSpec
    written: Mapping[str, str]
    operands: tuple[str, ...]
    initial: str = ABSENT
    wrapped: Applied | None = None
    extra_inputs: tuple[str, ...] = field(default=())
    taken: tuple[str, ...] = ()  # outputs that are joined, if the layer passes nothing on
    example: str = ""  # the whole call, as the vocabulary gives it

    @property
    def call(self) -> str:
        """The layer as a spec names it, without its initial state."""
        if self.example:
            return self.example
        inside = ", ".join(f"{name}={value}" for name, value in self.written.items())
        return f"{self.spec.name}({inside})" if inside else self.spec.name

    def model(self) -> str:
        """A model that applies the layer to its inputs and gives what it passes on."""
        names = [f"x{i}" if len(self.operands) > 1 else "x" for i in range(len(self.operands))]
        ports = [f"{n}: {t}" for n, t in zip(names, self.operands, strict=True)]
        ports += self.extra_inputs
        body: list[str] = []
        written = dict(self.written)
        if self.initial == WHOLE:
            ports.append("y: float[B, S, 17]")
            body.append(f"start = y -> {_state_source(self)}")
            written["initial"] = "start.state"
        elif self.initial == PARTS:
            states = [f"s{i}" for i in range(_state_count(self))]
            ports += [f"{s}: float[B, {_units(self)}]" for s in states]
            written["initial"] = f"[{', '.join(states)}]"
        call = replace(self, written=written).call
        if len(names) > 1:
            inside = ", ".join([*names, *(f"{k}={v}" for k, v in written.items())])
            body.append(f"{self.spec.name}({inside})")
        elif self.taken:
            body.append(f"several = {names[0]} -> {call}")
            body.append(f"concat({', '.join(f'several.{name}' for name in self.taken)})")
        else:
            body.append(f"{names[0]} -> {call}")
        lines = "".join(f"    {line}\n" for line in body)
        return f"model Case({', '.join(ports)}) {{\n{lines}}}\n"


def _state_source(applied: Applied) -> str:
    """The same kind of layer, as wide, with defaults otherwise."""
    if applied.wrapped is not None:
        return f"{applied.spec.name}({_state_source(applied.wrapped)})"
    return f"{applied.spec.name}({_units(applied)})"


def _state_count(applied: Applied) -> int:
    if applied.wrapped is not None:
        return 2 * _state_count(applied.wrapped)
    return len(applied.spec.states)


def _units(applied: Applied) -> str:
    return (applied.wrapped or applied).written["units"]


# ---- values


def values_of(spec: LayerSpec, arg: Arg) -> tuple[list[str], list[str]]:
    """How an argument may be written: values to combine in pairs, values to try once.

    An empty text leaves the argument out.
    """
    kind = arg.kind
    if kind.category in ENTRIES:
        entries = entries_for(spec, arg)
        texts = [text for entry in entries for text in entry_texts(entry)]
        few = [texts[0], texts[len(texts) // 2]]
        return ["", *few] if not arg.required else few, [t for t in texts if t not in few]
    if kind.category == "dimension":
        return ["", "T"], []
    if kind.category == "weight":
        return [""], []  # another layer's: see the structures
    if kind is SIZE:
        return ["3", "S", "2*S + 1"], []
    literals = [written(value) for value in dict.fromkeys((*kind.samples, *kind.choices))]
    assert literals, f"tests.matrix does not know values for {kind.describe}: give it samples"
    return literals, []


def entries_for(spec: LayerSpec, arg: Arg) -> list[Entry]:
    """The entries that an argument may be given.

    Some initialisers (fact ``axes``) need weights with as many axes as they say, some regularisers
    weights with so many and no more. What reads a file has tests of its own, with files.
    """
    weights = [w for w in spec.weights if arg.name in w.settings]
    axes = min((len(w.shape.split()) for w in weights), default=0)
    most = max((len(w.shape.split()) for w in weights), default=0)
    whole = all(w.whole for w in weights)
    return [
        entry
        for entry in ENTRIES[arg.kind.category].values()
        if entry.facts.get("axes", 0) <= axes
        and not entry.facts.get("file")
        and (whole or not entry.facts.get("whole"))
        and (arg.kind.category != "regularizer" or entry.facts["axes"] in (0, most))
    ]


def entry_texts(entry: Entry) -> list[str]:
    """An entry with its defaults, and with each argument set to something else."""
    texts = [] if any(arg.required for arg in entry.args) else [entry.name]
    if entry.args:
        given = [f"{arg.name}={written(_other(arg, i))}" for i, arg in enumerate(entry.args)]
        texts.append(f"{entry.name}({', '.join(given)})")
    return texts


def _other(arg: Arg, position: int) -> object:
    """A sample of an argument; numbers rise with the position, so that bounds are in order."""
    sample = next(s for s in (*arg.kind.samples, *arg.kind.choices) if s != arg.default)
    risen = sample + position if isinstance(sample, float) else sample
    return risen if arg.kind.accepts(risen) else sample


def written(value: object) -> str:
    """A literal as the language writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


# ---- operands


def type_of(port: Port, rest: str = "", ahead: str = "") -> str:
    """A type that fits a port; ``ahead`` puts axes behind the batch."""
    axes: list[str] = []
    for part in port.pattern.split():
        if part == "...":
            axes += [rest] if rest else []
        else:
            axes.append(SYMBOLS.get(part, WIDTH))
    axes[1:1] = [ahead] if ahead else []
    kind = f"token({BOUND})" if port.kind == "token" else "float"
    return f"{kind}[{', '.join(axes)}]"


# ---- cases


def cases() -> Iterator[tuple[str, str]]:
    """(id, spec) of the whole matrix."""
    for spec in LAYERS.values():
        for number, applied in enumerate(rows(spec)):
            fitting = _with_one_result(_with_known_steps(_with_enough_axes(applied)))
            yield f"{spec.name}-{number}", fitting.model()


def _with_one_result(applied: Applied) -> Applied:
    """The same with its outputs joined, if the checker asks for some to be taken."""
    asked = [d.help for d in findings(applied.model()) if d.code is codes.TWO_DIRECTIONS]
    return replace(applied, taken=tuple(re.findall(r"`\.([\w.]+)`", "".join(asked))))


def _with_known_steps(applied: Applied) -> Applied:
    """The same over so many steps, if the checker does not do with any number of them."""
    if not any(SYMBOLS["T"] in operand for operand in applied.operands):
        return applied
    if "SEQ309" not in errors(applied.model()):
        return applied
    known = tuple(o.replace(f" {SYMBOLS['T']},", f" {STEPS},") for o in applied.operands)
    return replace(applied, operands=known)


def _with_enough_axes(applied: Applied) -> Applied:
    """The same, with an axis of steps if the checker wants more than the batch."""
    bare = f"[{SYMBOLS['B']}]"
    if not any(bare in operand for operand in applied.operands) or not errors(applied.model()):
        return applied
    longer = tuple(o.replace(bare, f"[{SYMBOLS['B']}, {SYMBOLS['T']}]") for o in applied.operands)
    return replace(applied, operands=longer)


def errors(text: str) -> list[str]:
    """The codes of the errors of a spec."""
    return [d.code.number for d in findings(text) if d.severity is Severity.ERROR]


@lru_cache(maxsize=8)
def findings(text: str) -> tuple[Diagnostic, ...]:
    """What the checker says of a spec; it is asked several things in a row."""
    return tuple(Compilation.of_text(text, "case.seq").check())


def rows(spec: LayerSpec) -> Iterator[Applied]:
    """A layer with its arguments in pairs."""
    layers = [arg for arg in spec.args if arg.kind.category == "layer"]
    if not layers:
        yield from _plain_rows(spec)
    elif spec.copies:
        yield from _copy_rows(spec)
    elif spec.per_step:
        yield from _each_rows(spec, layers[0])
    else:
        yield from _wrapper_rows(spec, layers[0])


def _plain_rows(spec: LayerSpec) -> Iterator[Applied]:
    pairs: dict[str, Sequence[str]] = {}
    once: dict[str, list[str]] = {}
    for arg in spec.args:
        if arg.kind.category == "state":
            pairs[arg.name] = [ABSENT, WHOLE, PARTS]
        else:
            pairs[arg.name], once[arg.name] = values_of(spec, arg)
    if any("..." in port.pattern for port in spec.inputs):
        pairs[REST] = RESTS
    if spec.inputs[0].variadic:
        pairs[OPERANDS] = ("2", "3")
    carrying = list(_carrying(pairs)) if CARRIED in pairs else []
    pairs |= {CARRIED: ["false"]} if carrying else {}
    for row in [*(cover(pairs, once) or [{}]), *carrying]:
        yield _row(spec, {name: str(value) for name, value in row.items()})
    for example in spec.examples:
        if any(f"{arg.name}=" in example for arg in spec.args if fits_few(arg)):
            yield Applied(spec, {}, tuple(map(type_of, spec.inputs)), example=example)


def fits_few(arg: Arg) -> bool:
    """Whether other values than the default fit few others; then there are examples with them."""
    return not arg.required and arg.kind.samples == (arg.default,)


def _carrying(pairs: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    """Rows in which a state is carried, beside each value that the checker lets stand there."""
    apart = {CARRIED: ["true"], **{name: [value] for name, value in APART.items()}}
    values = [(name, apart.get(name, own)) for name, own in pairs.items()]
    for number in range(2 * max(len(own) for _, own in values)):
        # Every other argument changes half as often, or some values would never meet.
        places = enumerate(values)
        yield {name: own[(number >> place % 2) % len(own)] for place, (name, own) in places}


def _row(spec: LayerSpec, row: Mapping[str, str]) -> Applied:
    given = {
        arg.name: row[arg.name]
        for arg in spec.args
        if row.get(arg.name) and arg.kind.category != "state"
    }
    count = int(row.get(OPERANDS, len(spec.inputs)))
    ports = spec.inputs * count if spec.inputs[0].variadic else spec.inputs
    operands = tuple(type_of(port, row.get(REST, "")) for port in ports)
    for arg in spec.args:
        if arg.kind is AXES:
            given[arg.name] = _axes(given[arg.name], operands[0])
    initial = next((row[a.name] for a in spec.args if a.kind.category == "state"), ABSENT)
    # A size may be one that another input brings; the batch is the same in both.
    brings = ("more: float[B, S]",) if any("S" in v for v in given.values()) else ()
    return Applied(spec, given, operands, initial, extra_inputs=brings)


def _axes(sample: str, operand: str) -> str:
    """The axes of an operand after the batch, in the order or the reverse order of a sample."""
    count = operand.count(",")
    order = range(1, count + 1) if sample == "[1, 2]" else range(count, 0, -1)
    return f"[{', '.join(map(str, order))}]"


def _wrapper_rows(spec: LayerSpec, layer: Arg) -> Iterator[Applied]:
    """A layer around each layer that has a state, with the arguments of both in pairs."""
    for inner in LAYERS.values():
        if not inner.states:
            continue
        pairs: dict[str, Sequence[str]] = {}
        for arg in spec.args:
            if arg.kind.category == "state":
                pairs[f"outer {arg.name}"] = [ABSENT, WHOLE, PARTS]
            elif arg is not layer:
                pairs[f"outer {arg.name}"] = values_of(spec, arg)[0]
        for arg in inner.args:
            if arg.alone:
                pairs[arg.name] = [written(arg.default)]
            elif arg.kind.category != "state":
                values = values_of(inner, arg)[0]
                pairs[arg.name] = (
                    [values[0], values[-1]] if arg.kind.category in ENTRIES else values[:2]
                )
        for row in cover(pairs):
            given = {name: str(value) for name, value in row.items()}
            wrapped = _row(inner, {a.name: given.get(a.name, "") for a in inner.args})
            outer = {a.name: given.get(f"outer {a.name}", "") for a in spec.args}
            outer[layer.name] = wrapped.call
            applied = _row(spec, outer)
            yield replace(applied, wrapped=wrapped)


def _copy_rows(spec: LayerSpec) -> Iterator[Applied]:
    """Copies of layers that keep the width, and each example as it is written."""
    unit, number = spec.args
    for count in values_of(spec, number)[0]:
        for inner in (f"dense({WIDTH})", f"gru({WIDTH}, return=sequence)", "batch_norm"):
            given = {unit.name: inner, number.name: count}
            yield Applied(spec, given, (f"float[B, T, {WIDTH}]",))


def _each_rows(spec: LayerSpec, layer: Arg) -> Iterator[Applied]:
    """Each layer that takes one operand, and each of its examples, at each step."""
    others = [arg for arg in spec.args if arg is not layer]
    axes = cover({arg.name: ["", "N"] for arg in others}) or [{}]
    for inner in LAYERS.values():
        if len(inner.inputs) != 1 or inner.inputs[0].variadic:
            continue
        for example in inner.examples:
            for axis in axes:
                given = {layer.name: example, **{n: str(v) for n, v in axis.items() if v}}
                if inner.per_step or inner.copies:
                    yield Applied(spec, given, ("float[B, N, M, 13]",))
                    continue
                port = inner.inputs[0]
                ranks = RESTS[:2] if "..." in port.pattern else RESTS[:1]
                rows = [Applied(spec, given, (type_of(port, rest, ahead="N"),)) for rest in ranks]
                # An example may be for one number of axes only, as a permutation is.
                fitting = [row for row in rows if len(rows) == 1 or not errors(row.model())]
                assert fitting, rows[0].model()
                yield from fitting


def unknown_kinds() -> list[str]:
    """Kinds of arguments of layers that this module cannot write a value for."""
    special = ("layer", "state", "dimension", "weight", *ENTRIES)
    return [
        f"{spec.name}.{arg.name}"
        for spec in LAYERS.values()
        for arg in spec.args
        if arg.kind.category not in special
        and arg.kind is not SIZE
        and not (arg.kind.samples or arg.kind.choices)
    ]


__all__ = ["REQUIRED", "Applied", "Kind", "cases", "rows", "unknown_kinds", "values_of"]


def another(name: str, default: object) -> list[str]:
    """A value of an optimiser's argument that differs from the default, and blows nothing up."""
    if isinstance(default, bool):
        return [written(not default)]
    assert isinstance(default, float), name
    return [written(0.5 if default == 0 else default / 2 if default < 0.5 else default * 0.9)]
