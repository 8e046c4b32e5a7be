"""Digits.

    model Digits(rows: float[B, T, 8]) -> float[B, 10] {
        rows -> lstm(64) -> dense(10, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec precision.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import keras
from keras import layers


def mixed_precision(build: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    """Lets the layers of a model compute in bfloat16; their weights stay float32."""

    @wraps(build)
    def built() -> keras.Model:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            return build()
        finally:
            keras.config.set_dtype_policy(before)

    return built


@mixed_precision
def build_model() -> keras.Model:
    """rows [B, T, 8] -> [B, 10]"""
    rows = keras.Input((None, 8), name="rows")
    x = layers.LSTM(64, name="lstm")(rows)  # [B, 64], the last step
    x = layers.Dense(10, activation="softmax", dtype="float32", name="dense")(x)  # [B, 10]
    return keras.Model(rows, x, name="Digits")
