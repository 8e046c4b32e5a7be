"""Listen.

    model Listen(sound: float[B, T, 4]) -> float[B, T, 3] {
        near = sound -> conv_1d(8, 3, padding=causal, activation=relu)
        far = near -> conv_1d(8, 3, padding=causal, dilation_rate=4, activation=relu)
        near + far -> gru(8, return=sequence) -> dense(3, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec s7_window.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """sound [B, T, 4] -> [B, T, 3]"""
    sound = keras.Input((None, 4), name="sound")
    # [B, T, 8]
    near = layers.Conv1D(8, 3, padding="causal", activation="relu", name="near_conv_1d")(sound)
    # [B, T, 8]
    far = layers.Conv1D(
        8, 3, padding="causal", dilation_rate=4, activation="relu", name="far_conv_1d"
    )(near)
    x = near + far  # [B, T, 8]
    x, *_ = layers.GRU(8, return_sequences=True, return_state=True, name="gru")(x)  # [B, T, 8]
    x = layers.Dense(3, activation="softmax", name="dense")(x)  # [B, T, 3]
    return keras.Model(sound, x, name="Listen")


# What layers carry from one step to the next, and its shape.
STATE = {"near_conv_1d_past": (2, 4), "far_conv_1d_past": (8, 8), "gru_h": (8,)}


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: sound [B, T, 4], memory and states -> output and states"""
    sound = keras.Input((None, 4), name="sound")
    near_conv_1d = [keras.Input((2, 4), name="near_conv_1d_past")]
    far_conv_1d = [keras.Input((8, 8), name="far_conv_1d_past")]
    gru = [keras.Input((8,), name="gru_h")]
    # [B, T+2, 4]
    near_conv_1d_window = layers.Concatenate(axis=1, name="near_conv_1d_join")(
        [near_conv_1d[0], sound]
    )
    x = model.get_layer("near_conv_1d")(near_conv_1d_window)  # [B, T+2, 8]
    near = x[:, 2:]  # [B, T, 8]
    near_conv_1d_past = near_conv_1d_window[:, -2:]  # [B, 2, 4]
    # [B, T+8, 8]
    far_conv_1d_window = layers.Concatenate(axis=1, name="far_conv_1d_join")([far_conv_1d[0], near])
    x = model.get_layer("far_conv_1d")(far_conv_1d_window)  # [B, T+8, 8]
    far = x[:, 8:]  # [B, T, 8]
    far_conv_1d_past = far_conv_1d_window[:, -8:]  # [B, 8, 8]
    x = near + far  # [B, T, 8]
    x, gru_h = model.get_layer("gru")(x, initial_state=gru)  # [B, T, 8]
    x = model.get_layer("dense")(x)  # [B, T, 3]
    return keras.Model(
        [sound, *near_conv_1d, *far_conv_1d, *gru],
        {
            "output": x,
            "near_conv_1d_past": near_conv_1d_past,
            "far_conv_1d_past": far_conv_1d_past,
            "gru_h": gru_h,
        },
        name="ListenStep",
    )
