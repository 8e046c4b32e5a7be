"""Alarm: Whether a machine is about to fail, from how it hums.

    model Lane(x: float[B, T, F], units, rate = 0.1) -> float[B, T, units] {
        x -> layer_norm -> gru(units, return=sequence) -> dropout(rate)
    }

    model Alarm(hum: float[B, T, 4]) -> float[B, 1] {
        patterns = hum -> branches(conv_1d(8, padding=causal, activation=relu), kernel_size=[2, 4,
            8])
        lanes = patterns -> chain(Lane(rate=0.2), units=[48, 32, 16])
        lanes -> lstm(16) -> chain(dense(16, activation=relu), 3) -> dense(1, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec l6_blocks.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_lane(features: int, units: int, name: str) -> keras.Model:
    """x [B, T, features] -> [B, T, units]"""
    x = keras.Input((None, features), name="x")
    y = layers.LayerNormalization(name="layer_norm")(x)  # [B, T, features]
    y = layers.GRU(units, return_sequences=True, name="gru")(y)  # [B, T, units]
    y = layers.Dropout(0.2, name="dropout")(y)  # [B, T, units]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """hum [B, T, 4] -> [B, 1]"""
    hum = keras.Input((None, 4), name="hum")
    # [B, T, 8]
    x = layers.Conv1D(8, 2, padding="causal", activation="relu", name="patterns_branches.0")(hum)
    # [B, T, 8]
    y = layers.Conv1D(8, 4, padding="causal", activation="relu", name="patterns_branches.1")(hum)
    # [B, T, 8]
    z = layers.Conv1D(8, 8, padding="causal", activation="relu", name="patterns_branches.2")(hum)
    patterns = layers.Concatenate(name="patterns_branches_concat")([x, y, z])  # [B, T, 24]
    x = build_lane(24, 48, name="lanes_chain.0")(patterns)  # [B, T, 48]
    x = build_lane(48, 32, name="lanes_chain.1")(x)  # [B, T, 32]
    lanes = build_lane(32, 16, name="lanes_chain.2")(x)  # [B, T, 16]
    x = layers.LSTM(16, name="lstm")(lanes)  # [B, 16], the last step
    x = layers.Dense(16, activation="relu", name="chain.0")(x)  # [B, 16]
    x = layers.Dense(16, activation="relu", name="chain.1")(x)  # [B, 16]
    x = layers.Dense(16, activation="relu", name="chain.2")(x)  # [B, 16]
    x = layers.Dense(1, activation="sigmoid", name="dense")(x)  # [B, 1]
    return keras.Model(hum, x, name="Alarm")
