"""What the layers compute, in numpy and as slowly as their equations are written.

Weights come by name in Keras's layout. Sequences are [B, T, F], states [B, units], masks [B, T]:
true where a step is data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = Mapping[str, Array]
Function = Callable[[Array], Array]
Run = tuple[Array, tuple[Array, ...]]  # the outputs of all steps, and the state at last


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
    mask: Array | None = None,
) -> Run:
    """Gates stand in the order i, f, c, o."""

    def step(x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        z = x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]
        i, f, g, o = np.split(z, 4, axis=-1)
        c = gate(f) * c + gate(i) * activation(g)
        return gate(o) * activation(c), c

    return _through(step, x, start or _zeros(x, w, 2), mask)


def gru(
    x: Array,
    w: Weights,
    start: tuple[Array, ...] = (),
    *,
    reset_after: bool = True,
    mask: Array | None = None,
) -> Run:
    """Gates stand in the order z, r, h.

    Cho et al. reset before the product with the state; cuDNN, and Keras by default, after it.
    """
    outer, inner = w["bias"] if reset_after else (w["bias"], np.zeros_like(w["bias"]))
    kz, kr, kh = np.split(w["kernel"], 3, axis=-1)
    uz, ur, uh = np.split(w["recurrent_kernel"], 3, axis=-1)
    bz, br, bh = np.split(outer, 3)
    iz, ir, ih = np.split(inner, 3)

    def step(x: Array, h: Array) -> tuple[Array]:
        z = sigmoid(x @ kz + bz + h @ uz + iz)
        r = sigmoid(x @ kr + br + h @ ur + ir)
        told = r * (h @ uh + ih) if reset_after else (r * h) @ uh
        return (z * h + (1 - z) * np.tanh(x @ kh + bh + told),)

    return _through(step, x, start or _zeros(x, w, 1), mask)


def simple_rnn(
    x: Array, w: Weights, start: tuple[Array, ...] = (), *, mask: Array | None = None
) -> Run:
    def step(x: Array, h: Array) -> tuple[Array]:
        return (np.tanh(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]),)

    return _through(step, x, start or _zeros(x, w, 1), mask)


def _through(
    step: Callable[..., tuple[Array, ...]], x: Array, state: tuple[Array, ...], mask: Array | None
) -> Run:
    """One step after the other.

    At padding the state is carried over and the output before stands again: zeros, if none does.
    """
    data = np.ones(x.shape[:2], bool) if mask is None else mask
    outputs = [np.zeros_like(state[0])]
    for t in range(x.shape[1]):
        new, here = step(x[:, t], *state), data[:, t, None]
        state = tuple(np.where(here, n, old) for n, old in zip(new, state, strict=True))
        outputs.append(np.where(here, new[0], outputs[-1]))
    return np.stack(outputs[1:], axis=1), state


MERGES: Mapping[str, Callable[[Array, Array], Array]] = {
    "concat": lambda f, b: np.concatenate([f, b], axis=-1),
    "sum": lambda f, b: f + b,
    "mul": lambda f, b: f * b,
    "ave": lambda f, b: (f + b) / 2,
}


def _zeros(x: Array, w: Weights, count: int) -> tuple[Array, ...]:
    units = w["recurrent_kernel"].shape[0]
    return tuple(np.zeros((x.shape[0], units)) for _ in range(count))
