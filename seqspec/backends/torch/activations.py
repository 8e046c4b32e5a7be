"""Activations as PyTorch expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, flat
from seqspec.vocabulary.spec import Setting

#: activation -> the function, of PyTorch or of the program, that is the same without arguments
FUNCTIONS: Mapping[str, str] = {
    "relu": "torch.relu",
    "tanh": "torch.tanh",
    "sigmoid": "torch.sigmoid",
    "exponential": "torch.exp",
    "hard_sigmoid": "functional.hardsigmoid",
    "softplus": "functional.softplus",
    "softsign": "functional.softsign",
    "selu": "functional.selu",
    "silu": "functional.silu",
    "gelu": "functional.gelu",
    "relu6": "functional.relu6",
    "mish": "functional.mish",
    "hard_silu": "functional.hardswish",
    "hard_tanh": "functional.hardtanh",
    "tanh_shrink": "functional.tanhshrink",
    "log_sigmoid": "functional.logsigmoid",
    "sparse_plus": "sparse_plus",
}

#: activation -> function of PyTorch, with what its arguments are called there
WITH_ARGUMENTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "leaky_relu": ("functional.leaky_relu", {"negative_slope": "negative_slope"}),
    "elu": ("functional.elu", {"alpha": "alpha"}),
    "celu": ("functional.celu", {"alpha": "alpha"}),
    "soft_shrink": ("functional.softshrink", {"threshold": "lambd"}),
    "hard_shrink": ("functional.hardshrink", {"threshold": "lambd"}),
    "threshold": ("functional.threshold", {"threshold": "threshold", "default_value": "value"}),
    "squareplus": ("squareplus", {"b": "b"}),
}

#: (activation, argument) -> PyTorch's default, where it is Keras's
DEFAULTS: Mapping[tuple[str, str], object] = {
    ("elu", "alpha"): 1.0,
    ("celu", "alpha"): 1.0,
    ("soft_shrink", "threshold"): 0.5,
    ("hard_shrink", "threshold"): 0.5,
}


def apply(activation: Setting | str, x: Expr) -> Expr:
    """The activation of an expression; ``linear`` is the expression itself."""
    name = activation if isinstance(activation, str) else activation.name
    args: Mapping[str, Any] = {} if isinstance(activation, str) else activation.args
    match name:
        case "linear":
            return x
        case "softmax" | "log_softmax":
            return Call(f"torch.{name}", (x,), (("dim", -1),))
        case "gelu" if args.get("approximate"):
            return Call("functional.gelu", (x,), (("approximate", "tanh"),))
        case "relu" if any(args.values()):
            given = tuple((argument, value) for argument, value in args.items() if value)
            return Call("bent_relu", (x,), given)
        case "sparse_sigmoid":
            return Call("torch.clamp", (Code(f"0.5 * ({flat(x)} + 1)"), 0, 1))
        case _ if name in FUNCTIONS:
            return Call(FUNCTIONS[name], (x,))
        case _:
            function, words = WITH_ARGUMENTS[name]
            written = tuple(
                (word, args[argument])
                for argument, word in words.items()
                if args[argument] != DEFAULTS.get((name, argument))
            )
            return Call(function, (x,), written)


def text(activation: Setting | str, x: str) -> str:
    """The same for a piece of text that is an expression already."""
    return flat(apply(activation, Code(x)))
