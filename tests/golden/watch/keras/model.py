"""Watch.

    model Watch(air: float[B, T, 3]) -> float[B, T, 3] {
        air -> gru(24, return=sequence) -> dense(2) -> dense(32, activation=tanh) -> dense(3)
    }

Compiled by seqspec 0.1.0 from the spec watch.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """air [B, T, 3] -> [B, T, 3]"""
    air = keras.Input((None, 3), name="air")
    x, *_ = layers.GRU(24, return_sequences=True, return_state=True, name="gru")(air)  # [B, T, 24]
    x = layers.Dense(2, name="dense")(x)  # [B, T, 2]
    x = layers.Dense(32, activation="tanh", name="dense_1")(x)  # [B, T, 32]
    x = layers.Dense(3, name="dense_2")(x)  # [B, T, 3]
    return keras.Model(air, x, name="Watch")


# What layers carry from one step to the next, and its shape.
STATE = {"gru_h": (24,)}


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: air [B, T, 3], memory and states -> output and states"""
    air = keras.Input((None, 3), name="air")
    gru = [keras.Input((24,), name="gru_h")]
    x, gru_h = model.get_layer("gru")(air, initial_state=gru)  # [B, T, 24]
    x = model.get_layer("dense")(x)  # [B, T, 2]
    x = model.get_layer("dense_1")(x)  # [B, T, 32]
    x = model.get_layer("dense_2")(x)  # [B, T, 3]
    return keras.Model([air, *gru], {"output": x, "gru_h": gru_h}, name="WatchStep")
