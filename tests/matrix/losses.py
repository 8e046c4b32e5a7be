"""The losses as equations in numpy, from Keras's documentation and the papers that it names.

Each gives a number for each sample, or step: what is left when the last axis is gone. Predictions
are float64 and are probabilities where the loss speaks of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _clip(p: Array) -> Array:
    return np.clip(p, 1e-7, 1 - 1e-7)


def _spread(y: Array, share: float, ways: int) -> Array:
    """Targets that are less certain; yes and no are two ways."""
    return y * (1 - share) + share / ways


def _huber(p: Array, y: Array, *, delta: float = 1.0) -> Array:
    apart = abs(p - y)
    return np.where(apart <= delta, apart**2 / 2, delta * apart - delta**2 / 2).mean(-1)


def _cosine(p: Array, y: Array) -> Array:
    return -(p * y).sum(-1) / np.linalg.norm(p, axis=-1) / np.linalg.norm(y, axis=-1)


def _hinge(p: Array, y: Array) -> Array:
    return np.maximum(1 - (2 * y - 1) * p, 0)


def _binary(p: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    y, p = _spread(y, label_smoothing, 2), _clip(p)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def _categorical(p: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    return -(_spread(y, label_smoothing, y.shape[-1]) * np.log(_clip(p))).sum(-1)


def _binary_focal(
    p: Array,
    y: Array,
    *,
    gamma: float = 2.0,
    alpha: float = 0.25,
    apply_class_balancing: bool = False,
    label_smoothing: float = 0.0,
) -> Array:
    y, p = _spread(y, label_smoothing, 2), _clip(p)
    values = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    values = values * (1 - (y * p + (1 - y) * (1 - p))) ** gamma
    if apply_class_balancing:
        values = values * (y * alpha + (1 - y) * (1 - alpha))
    return values.mean(-1)


def _categorical_focal(
    p: Array, y: Array, *, gamma: float = 2.0, alpha: float = 0.25, label_smoothing: float = 0.0
) -> Array:
    y, p = _spread(y, label_smoothing, y.shape[-1]), _clip(p)
    return -(alpha * (1 - p) ** gamma * y * np.log(p)).sum(-1)


EQUATIONS: Mapping[str, Callable[..., Array]] = {
    "mse": lambda p, y: ((p - y) ** 2).mean(-1),
    "mae": lambda p, y: abs(p - y).mean(-1),
    "mape": lambda p, y: 100 * abs((p - y) / y).mean(-1),
    "msle": lambda p, y: ((np.log1p(np.maximum(p, 1e-7)) - np.log1p(y)) ** 2).mean(-1),
    "huber": _huber,
    "log_cosh": lambda p, y: np.log(np.cosh(p - y)).mean(-1),
    "poisson": lambda p, y: (p - y * np.log(p + 1e-7)).mean(-1),
    "cosine_similarity": _cosine,
    "kl_divergence": lambda p, y: (y * np.log(y / p)).sum(-1),
    "hinge": lambda p, y: _hinge(p, y).mean(-1),
    "squared_hinge": lambda p, y: (_hinge(p, y) ** 2).mean(-1),
    "categorical_hinge": lambda p, y: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0),
    "binary_crossentropy": _binary,
    "categorical_crossentropy": _categorical,
    "binary_focal_crossentropy": _binary_focal,
    "categorical_focal_crossentropy": _categorical_focal,
    "sparse_categorical_crossentropy": lambda p, y, **args: _categorical(
        p, np.eye(p.shape[-1])[y], **args
    ),
}

#: What makes probabilities of logits, by what a loss compares with.
SQUASH: Mapping[str, Callable[[Array], Array]] = {
    "binary": sigmoid,
    "one_hot": softmax,
    "class_ids": softmax,
}
