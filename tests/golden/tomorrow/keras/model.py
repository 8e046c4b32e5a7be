"""Tomorrow.

    model Tomorrow(hours: float[B, T, 3], clock: float[B, T, 2]) -> float[B, T, 3] {
        change = concat(hours, clock) -> gru(32, return=sequence) -> dropout(0.1) -> dense(3)
        hours + change
    }

Compiled by seqspec 0.1.0 from the spec tomorrow.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, T, 3], clock [B, T, 2] -> [B, T, 3]"""
    hours = keras.Input((None, 3), name="hours")
    clock = keras.Input((None, 2), name="clock")
    x = layers.Concatenate(name="change_concat")([hours, clock])  # [B, T, 5]
    # [B, T, 32]
    x, *_ = layers.GRU(32, return_sequences=True, return_state=True, name="change_gru")(x)
    x = layers.Dropout(0.1, name="change_dropout")(x)  # [B, T, 32]
    change = layers.Dense(3, name="change_dense")(x)  # [B, T, 3]
    x = hours + change  # [B, T, 3]
    return keras.Model([hours, clock], x, name="Tomorrow")


# What layers carry from one step to the next, and its shape.
STATE = {"change_gru_h": (32,)}


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: hours [B, T, 3], memory and states -> output and states"""
    hours = keras.Input((None, 3), name="hours")
    clock = keras.Input((None, 2), name="clock")
    change_gru = [keras.Input((32,), name="change_gru_h")]
    x = layers.Concatenate(name="change_concat")([hours, clock])  # [B, T, 5]
    x, change_gru_h = model.get_layer("change_gru")(x, initial_state=change_gru)  # [B, T, 32]
    x = layers.Dropout(0.1, name="change_dropout")(x)  # [B, T, 32]
    change = model.get_layer("change_dense")(x)  # [B, T, 3]
    x = hours + change  # [B, T, 3]
    return keras.Model(
        [hours, clock, *change_gru],
        {"output": x, "change_gru_h": change_gru_h},
        name="TomorrowStep",
    )
