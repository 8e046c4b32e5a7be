"""Hours.

    model Hours(air: float[B, T, 2], clock: float[B, T, 2], place: float[B, 2]) -> float[B, T, 2] {
        start = place -> dense(8, activation=tanh)
        concat(air, clock) -> gru(8, initial=start, return=sequence) -> dense(2)
    }

Compiled by seqspec 0.1.0 from the spec r7_closed_loop.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """air [B, T, 2], clock [B, T, 2], place [B, 2] -> [B, T, 2]"""
    air = keras.Input((None, 2), name="air")
    clock = keras.Input((None, 2), name="clock")
    place = keras.Input((2,), name="place")
    start = layers.Dense(8, activation="tanh", name="start_dense")(place)  # [B, 8]
    x = layers.Concatenate(name="concat")([air, clock])  # [B, T, 4]
    # [B, T, 8]
    x, *_ = layers.GRU(8, return_sequences=True, return_state=True, name="gru")(
        x, initial_state=start
    )
    x = layers.Dense(2, name="dense")(x)  # [B, T, 2]
    return keras.Model([air, clock, place], x, name="Hours")


# What layers carry from one step to the next, and its shape.
STATE = {"gru_h": (8,)}


def build_begin(model: keras.Model) -> keras.Model:
    """What there is before the first step: place [B, 2] -> memory and states"""
    place = keras.Input((2,), name="place")
    start = model.get_layer("start_dense")(place)  # [B, 8]
    return keras.Model(place, {"gru_h": start}, name="HoursBegin")


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: air [B, T, 2], memory and states -> output and states"""
    air = keras.Input((None, 2), name="air")
    clock = keras.Input((None, 2), name="clock")
    gru = [keras.Input((8,), name="gru_h")]
    x = layers.Concatenate(name="concat")([air, clock])  # [B, T, 4]
    x, gru_h = model.get_layer("gru")(x, initial_state=gru)  # [B, T, 8]
    x = model.get_layer("dense")(x)  # [B, T, 2]
    return keras.Model([air, clock, *gru], {"output": x, "gru_h": gru_h}, name="HoursStep")
