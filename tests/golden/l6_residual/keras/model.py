"""Ahead: The next value of two series from their last 24.

    model Convolved(x: float[B, T, F]) -> float[B, T, F] {
        x + (x -> layer_norm -> conv_1d(F, 3, padding=causal, activation=relu) -> dropout(rate))
    }

    model Carried(x: float[B, T, F]) -> float[B, T, F] {
        x + (x -> layer_norm -> gru(F, return=sequence))
    }

    model Ahead(series: float[B, 24, 2]) -> float[B, 2] {
        level = series[:, -1:]
        change = series - level
        deep = change -> dense(16) -> Convolved -> Carried -> Convolved -> Carried
        level[:, 0] + (deep[:, -1] -> dense(2))
    }

Compiled by seqspec 0.1.0 from the spec l6_residual.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_convolved(name: str) -> keras.Model:
    """x [B, 24, 16] -> [B, 24, 16]"""
    x = keras.Input((24, 16), name="x")
    y = layers.LayerNormalization(name="layer_norm")(x)  # [B, 24, 16]
    y = layers.Conv1D(16, 3, padding="causal", activation="relu", name="conv_1d")(y)  # [B, 24, 16]
    y = layers.Dropout(0.1, name="dropout")(y)  # [B, 24, 16]
    y = x + y  # [B, 24, 16]
    return keras.Model(x, y, name=name)


def build_carried(name: str) -> keras.Model:
    """x [B, 24, 16] -> [B, 24, 16]"""
    x = keras.Input((24, 16), name="x")
    y = layers.LayerNormalization(name="layer_norm")(x)  # [B, 24, 16]
    y = layers.GRU(16, return_sequences=True, name="gru")(y)  # [B, 24, 16]
    y = x + y  # [B, 24, 16]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """series [B, 24, 2] -> [B, 2]"""
    series = keras.Input((24, 2), name="series")
    level = series[:, -1:]  # [B, 1, 2]
    change = series - level  # [B, 24, 2]
    x = layers.Dense(16, name="deep_dense")(change)  # [B, 24, 16]
    x = build_convolved(name="deep_convolved")(x)  # [B, 24, 16]
    x = build_carried(name="deep_carried")(x)  # [B, 24, 16]
    x = build_convolved(name="deep_convolved_1")(x)  # [B, 24, 16]
    deep = build_carried(name="deep_carried_1")(x)  # [B, 24, 16]
    x = level[:, 0]  # [B, 2]
    y = deep[:, -1]  # [B, 16]
    y = layers.Dense(2, name="dense")(y)  # [B, 2]
    x = x + y  # [B, 2]
    return keras.Model(series, x, name="Ahead")
