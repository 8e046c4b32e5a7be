"""Arguments as a Keras user writes them: only what differs from Keras's own defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from seqspec.backends.python_text import Call, Code, Expr, definition, literal, statement
from seqspec.ir.graph import Graph, SubModel
from seqspec.shapes.dim import Dim
from seqspec.vocabulary.initializers import built_with
from seqspec.vocabulary.spec import Setting

#: initialiser of the language -> class in ``keras.initializers``
INITIALIZERS: Mapping[str, str] = {
    "zeros": "Zeros",
    "ones": "Ones",
    "constant": "Constant",
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "truncated_normal": "TruncatedNormal",
    "glorot_uniform": "GlorotUniform",
    "glorot_normal": "GlorotNormal",
    "he_uniform": "HeUniform",
    "he_normal": "HeNormal",
    "lecun_uniform": "LecunUniform",
    "lecun_normal": "LecunNormal",
    "orthogonal": "Orthogonal",
    "identity": "Identity",
    "variance_scaling": "VarianceScaling",
}

#: regularisers and constraints of the language, by what they are called in Keras
PENALTIES: Mapping[str, str] = {
    "l1": "regularizers.L1",
    "l2": "regularizers.L2",
    "l1_l2": "regularizers.L1L2",
    "orthogonal_regularizer": "regularizers.OrthogonalRegularizer",
    "max_norm": "constraints.MaxNorm",
    "non_neg": "constraints.NonNeg",
    "unit_norm": "constraints.UnitNorm",
    "min_max_norm": "constraints.MinMaxNorm",
}

#: activations of the language; each has the same name in Keras
ACTIVATIONS = frozenset(
    (
        *("linear", "relu", "tanh", "sigmoid", "softmax", "hard_sigmoid", "softplus", "softsign"),
        *("elu", "selu", "silu", "gelu", "exponential", "leaky_relu", "relu6", "mish"),
        *("hard_silu", "log_softmax", "celu", "hard_tanh", "tanh_shrink", "soft_shrink"),
        *("hard_shrink", "threshold", "log_sigmoid", "squareplus", "sparse_plus", "sparse_sigmoid"),
    )
)

#: what Keras takes where nothing is written, by argument; None: always written
Defaults = Mapping[str, object]


def written(args: Mapping[str, Any], defaults: Defaults) -> Iterator[tuple[str, Expr]]:
    """The keyword arguments to write, in the order of ``defaults``."""
    for name, default in defaults.items():
        value = args[name]
        if isinstance(value, Setting):
            if value.entry.facts.get("file"):
                value = built_with(value)
            if value.name != default or value.changed:
                yield name, setting(value)
        elif value != default:
            yield (
                name,
                literal(cast("tuple[int, ...]", value)) if isinstance(value, tuple) else value,
            )


def setting(value: Setting) -> Expr:
    """An activation or initialiser: its name, or an object where it has arguments of its own."""
    changed = value.changed
    if value.name in INITIALIZERS:
        if not changed and value.name != "constant":
            return value.name
        return Call(f"keras.initializers.{INITIALIZERS[value.name]}", (), tuple(changed.items()))
    if value.name in PENALTIES:
        # A lone number is what one would turn: it is written in any case.
        numbers = [name for name in value.args if name not in ("axis", "mode")]
        first = numbers[0] if len(numbers) == 1 else ""
        args = (value.args[first],) if first else ()
        others = tuple((k, literal(v)) for k, v in changed.items() if k != first)
        return Call(f"keras.{PENALTIES[value.name]}", args, others)
    if value.name in ACTIVATIONS:
        return Code(bent(value).name) if changed else value.name
    raise KeyError(f"{value.entry.category} {value.name!r} is not known to the Keras backend")


@dataclass(frozen=True, slots=True)
class Bent:
    """An activation with arguments of its own: a function of the program that is named for them.

    ``lines`` are the whole function.
    """

    name: str
    lines: tuple[str, ...]


def bent(value: Setting) -> Bent:
    """The function for an activation that differs from Keras's own."""
    changed = value.changed
    words = [value.name]
    for argument, given in changed.items():
        words += [argument] if given is True else [argument, re.sub(r"\W", "_", str(given))]
    name = "_".join(words)
    signature = definition(name, ["x: Any"], "Any")
    call = Call(f"keras.activations.{value.name}", (Code("x"),), tuple(changed.items()))
    return Bent(name, (*signature, *statement("return ", call, indent=4)))


def bent_activations(graph: Graph) -> Mapping[str, Bent]:
    """Those of a model and of the models in it, by name, in the order of first use."""
    found: dict[str, Bent] = {}
    for unit in graph.units:
        if isinstance(unit, SubModel):
            found |= bent_activations(unit.graph)
            continue
        for layer in (unit, unit.inner):
            for value in layer.args.values() if layer is not None else ():
                if isinstance(value, Setting) and value.name in ACTIVATIONS and value.changed:
                    found.setdefault(bent(value).name, bent(value))
    return found


def number(size: int | Dim) -> int:
    """A size that the checker has found to be a number."""
    if isinstance(size, int):
        return size
    if size.value is None:
        raise ValueError(f"the size {size} is not a number")
    return size.value
