"""Airline.

    model Airline(months: float[B, 13, 1]) -> float[B, 1] {
        linear = months -> flatten -> dense(1)
        rest = months -> lstm(4) -> dense(1)
        add(linear, rest)
    }

Compiled from airline.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """months [B, 13, 1] -> [B, 1]"""
    months = keras.Input((13, 1), name="months")
    x = layers.Flatten(name="linear_flatten")(months)  # [B, 13]
    linear = layers.Dense(1, name="linear_dense")(x)  # [B, 1]
    x = layers.LSTM(4, name="rest_lstm")(months)  # [B, 4], the last step
    rest = layers.Dense(1, name="rest_dense")(x)  # [B, 1]
    x = layers.Add(name="add")([linear, rest])  # [B, 1]
    return keras.Model(months, x, name="Airline")
