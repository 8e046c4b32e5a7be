"""Activations as PyTorch expressions."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.backends.python_text import Call, Code, Expr, flat
from seqspec.vocabulary.spec import Setting

#: activation -> the function of PyTorch that is the same, without further arguments
FUNCTIONS: Mapping[str, str] = {
    "relu": "torch.relu",
    "tanh": "torch.tanh",
    "sigmoid": "torch.sigmoid",
    "exponential": "torch.exp",
    "hard_sigmoid": "functional.hardsigmoid",
    "softplus": "functional.softplus",
    "softsign": "functional.softsign",
    "elu": "functional.elu",
    "selu": "functional.selu",
    "silu": "functional.silu",
    "gelu": "functional.gelu",
    "relu6": "functional.relu6",
    "mish": "functional.mish",
    "hard_silu": "functional.hardswish",
}

#: activation -> function and the arguments after the tensor
WITH_ARGUMENTS: Mapping[str, tuple[str, tuple[tuple[str, Expr], ...]]] = {
    "softmax": ("torch.softmax", (("dim", -1),)),
    "log_softmax": ("torch.log_softmax", (("dim", -1),)),
    "leaky_relu": ("functional.leaky_relu", (("negative_slope", 0.2),)),  # PyTorch's is 0.01
}


def apply(activation: Setting | str, x: Expr) -> Expr:
    """The activation of an expression; ``linear`` is the expression itself."""
    name = activation if isinstance(activation, str) else activation.name
    if name == "linear":
        return x
    if name in FUNCTIONS:
        return Call(FUNCTIONS[name], (x,))
    function, arguments = WITH_ARGUMENTS[name]
    return Call(function, (x,), arguments)


def text(activation: Setting | str, x: str) -> str:
    """The same for a piece of text that is an expression already."""
    return flat(apply(activation, Code(x)))
