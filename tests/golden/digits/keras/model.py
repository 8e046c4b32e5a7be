"""Digits.

    model Digits(rows: float[B, 8, 8]) -> float[B, 10] {
        rows -> lstm(64) -> batch_norm -> dense(10)
    }

Compiled from digits.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """rows [B, 8, 8] -> logits [B, 10]"""
    rows = keras.Input((8, 8), name="rows")
    x = layers.LSTM(64, name="lstm")(rows)  # [B, 64], the last step
    x = layers.BatchNormalization(name="batch_norm")(x)  # [B, 64]
    logits = layers.Dense(10, name="dense")(x)  # [B, 10]
    return keras.Model(rows, logits, name="Digits")
