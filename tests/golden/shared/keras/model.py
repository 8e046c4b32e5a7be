"""Twins.

    model Twins(left: float[B, T, 6], right: float[B, T, 6]) -> float[B, 1] {
        tower = dropout(0.1) -> lstm(64)
        a = left -> tower
        b = right -> tower
        concat(a, b) -> dense(1, activation=sigmoid)
    }

Compiled from shared.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """left [B, T, 6], right [B, T, 6] -> [B, 1]"""
    left = keras.Input((None, 6), name="left")
    right = keras.Input((None, 6), name="right")
    tower_dropout = layers.Dropout(0.1, name="tower_dropout")
    x = tower_dropout(left)  # [B, T, 6]
    tower_lstm = layers.LSTM(64, name="tower_lstm")
    a = tower_lstm(x)  # [B, 64], the last step
    x = tower_dropout(right)  # [B, T, 6]
    b = tower_lstm(x)  # [B, 64], the last step
    x = layers.Concatenate(name="concat")([a, b])  # [B, 128]
    x = layers.Dense(1, activation="sigmoid", name="dense")(x)  # [B, 1]
    return keras.Model([left, right], x, name="Twins")
