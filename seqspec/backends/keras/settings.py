"""Arguments as a Keras user writes them: only what differs from Keras's own defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seqspec.backends.python_text import Call, Expr, literal
from seqspec.shapes.dim import Dim
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
        *("hard_silu", "log_softmax"),
    )
)

#: what Keras takes where nothing is written, by argument; None: always written
Defaults = Mapping[str, object]


def written(args: Mapping[str, Any], defaults: Defaults) -> Iterator[tuple[str, Expr]]:
    """The keyword arguments to write, in the order of ``defaults``."""
    for name, default in defaults.items():
        value = args[name]
        if isinstance(value, Setting):
            if value.name != default or _changed(value):
                yield name, setting(value)
        elif value != default:
            yield name, value


def setting(value: Setting) -> Expr:
    """An activation or initialiser: its name, or an object where it has arguments of its own."""
    changed = _changed(value)
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
    if value.name in ACTIVATIONS and not changed:
        return value.name
    raise KeyError(f"{value.entry.category} {value.name!r} is not known to the Keras backend")


def _changed(value: Setting) -> dict[str, Any]:
    """The arguments that differ from the entry's own defaults."""
    return {a.name: value.args[a.name] for a in value.entry.args if value.args[a.name] != a.default}


def number(size: int | Dim) -> int:
    """A size that the checker has found to be a number."""
    if isinstance(size, int):
        return size
    if size.value is None:
        raise ValueError(f"the size {size} is not a number")
    return size.value
