"""Watch.

    model Watch(beats: float[B, T, 3]) -> (calm: float[B, T, 1], kind: float[B, 4]) {
        h = beats -> lstm(16, return=sequence) -> gru(8, return=sequence)
        calm = h -> dense(1, activation=sigmoid)
        kind = h.last -> dense(4, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec s7_stepper.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """beats [B, T, 3] -> {calm [B, T, 1], kind [B, 4]}"""
    beats = keras.Input((None, 3), name="beats")
    # [B, T, 16]
    x, *_ = layers.LSTM(16, return_sequences=True, return_state=True, name="h_lstm")(beats)
    # [B, T, 8]
    h, h_last = layers.GRU(8, return_sequences=True, return_state=True, name="h_gru")(x)
    calm = layers.Dense(1, activation="sigmoid", name="calm_dense")(h)  # [B, T, 1]
    kind = layers.Dense(4, activation="softmax", name="kind_dense")(h_last)  # [B, 4]
    return keras.Model(beats, {"calm": calm, "kind": kind}, name="Watch")


# What layers carry from one step to the next, and its shape.
STATE = {"h_lstm_h": (16,), "h_lstm_c": (16,), "h_gru_h": (8,)}


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: beats [B, T, 3], memory and states -> output and states"""
    beats = keras.Input((None, 3), name="beats")
    h_lstm = [keras.Input((16,), name="h_lstm_h"), keras.Input((16,), name="h_lstm_c")]
    h_gru = [keras.Input((8,), name="h_gru_h")]
    x, h_lstm_h, h_lstm_c = model.get_layer("h_lstm")(beats, initial_state=h_lstm)  # [B, T, 16]
    h, h_h = model.get_layer("h_gru")(x, initial_state=h_gru)  # [B, T, 8]
    calm = model.get_layer("calm_dense")(h)  # [B, T, 1]
    return keras.Model(
        [beats, *h_lstm, *h_gru],
        {"calm": calm, "h_lstm_h": h_lstm_h, "h_lstm_c": h_lstm_c, "h_gru_h": h_h},
        name="WatchStep",
    )
