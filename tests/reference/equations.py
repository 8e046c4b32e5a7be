"""What the layers compute, in numpy and as slowly as their equations are written.

Weights come by name in Keras's layout. Sequences are [B, T, F], states [B, units].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = Mapping[str, Array]
Function = Callable[[Array], Array]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def erf(x: Array) -> Array:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def bent(x: Array, slope: float, highest: float, threshold: float) -> Array:
    return np.where(x > threshold, np.minimum(x, highest), slope * (x - threshold))


def shrunk(x: Array, by: float) -> Array:
    return np.sign(x) * np.maximum(abs(x) - by, 0)


#: by the text that says the activation
ACTIVATIONS: Mapping[str, Function] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "softplus": lambda x: np.log1p(np.exp(-abs(x))) + np.maximum(x, 0),
    "softsign": lambda x: x / (1 + abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "exponential": np.exp,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "log_softmax": lambda x: np.log(softmax(x)),
    "relu(negative_slope=0.5, max_value=2.5, threshold=2.5)": lambda x: bent(x, 0.5, 2.5, 2.5),
    "relu(max_value=2.5)": lambda x: np.clip(x, 0, 2.5),
    "relu(threshold=0.5)": lambda x: np.where(x > 0.5, x, 0),
    "relu(negative_slope=0.5, threshold=0.5)": lambda x: bent(x, 0.5, np.inf, 0.5),
    "elu(alpha=0.5)": lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0))),
    "gelu(approximate=true)": lambda x: (
        x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2
    ),
    "leaky_relu(negative_slope=0.0)": lambda x: np.maximum(x, 0),
    "leaky_relu(negative_slope=0.5)": lambda x: np.where(x > 0, x, 0.5 * x),
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "celu(alpha=0.5)": lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0) / 0.5)),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": lambda x: shrunk(x, 0.5),
    "soft_shrink(threshold=0.0)": lambda x: x,
    "hard_shrink": lambda x: np.where(abs(x) > 0.5, x, 0),
    "hard_shrink(threshold=0.0)": lambda x: x,
    "threshold(threshold=1.5, default_value=1.5)": lambda x: np.maximum(x, 1.5),
    "threshold(threshold=-0.5, default_value=0.5)": lambda x: np.where(x > -0.5, x, 0.5),
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "squareplus(b=0.5)": lambda x: (x + np.sqrt(x**2 + 0.5)) / 2,
    "sparse_plus": lambda x: np.where(x > 1, x, np.maximum(x + 1, 0) ** 2 / 4),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
}


def dense(x: Array, w: Weights, activation: Function = np.tanh) -> Array:
    return activation(x @ w["kernel"] + w["bias"])


def embedding(ids: Array, w: Weights) -> Array:
    return np.array([w["embeddings"][i] for i in ids.reshape(-1)]).reshape(*ids.shape, -1)


def batch_norm(x: Array, w: Weights, epsilon: float = 0.001) -> Array:
    normal = (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + epsilon)
    return normal * w["gamma"] + w["beta"]


def lstm(
    x: Array,
    w: Weights,
    start: tuple[Array, ...] = (),
    *,
    activation: Function = np.tanh,
    gate: Function = sigmoid,
) -> tuple[Array, tuple[Array, ...]]:
    """All hidden states, and the last (h, c). Gates stand in the order i, f, c, o."""
    h, c = start or _zeros(x, w, 2)
    steps: list[Array] = []
    for t in range(x.shape[1]):
        z = x[:, t] @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]
        i, f, g, o = np.split(z, 4, axis=-1)
        c = gate(f) * c + gate(i) * activation(g)
        h = gate(o) * activation(c)
        steps.append(h)
    return np.stack(steps, axis=1), (h, c)


def gru(
    x: Array, w: Weights, start: tuple[Array, ...] = (), *, reset_after: bool = True
) -> tuple[Array, tuple[Array, ...]]:
    """All hidden states, and the last. Gates stand in the order z, r, h.

    Cho et al. reset before the product with the state; cuDNN, and Keras by default, after it.
    """
    (h,) = start or _zeros(x, w, 1)
    outer, inner = w["bias"] if reset_after else (w["bias"], np.zeros_like(w["bias"]))
    kz, kr, kh = np.split(w["kernel"], 3, axis=-1)
    uz, ur, uh = np.split(w["recurrent_kernel"], 3, axis=-1)
    bz, br, bh = np.split(outer, 3)
    iz, ir, ih = np.split(inner, 3)
    steps: list[Array] = []
    for t in range(x.shape[1]):
        z = sigmoid(x[:, t] @ kz + bz + h @ uz + iz)
        r = sigmoid(x[:, t] @ kr + br + h @ ur + ir)
        told = r * (h @ uh + ih) if reset_after else (r * h) @ uh
        h = z * h + (1 - z) * np.tanh(x[:, t] @ kh + bh + told)
        steps.append(h)
    return np.stack(steps, axis=1), (h,)


def simple_rnn(
    x: Array, w: Weights, start: tuple[Array, ...] = ()
) -> tuple[Array, tuple[Array, ...]]:
    """All hidden states, and the last."""
    (h,) = start or _zeros(x, w, 1)
    steps: list[Array] = []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"])
        steps.append(h)
    return np.stack(steps, axis=1), (h,)


MERGES: Mapping[str, Callable[[Array, Array], Array]] = {
    "concat": lambda f, b: np.concatenate([f, b], axis=-1),
    "sum": lambda f, b: f + b,
    "mul": lambda f, b: f * b,
    "ave": lambda f, b: (f + b) / 2,
}


def _zeros(x: Array, w: Weights, count: int) -> tuple[Array, ...]:
    units = w["recurrent_kernel"].shape[0]
    return tuple(np.zeros((x.shape[0], units)) for _ in range(count))
