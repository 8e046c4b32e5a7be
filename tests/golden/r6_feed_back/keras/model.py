"""Passengers.

    model Passengers(months: float[B, T, 1]) -> float[B, T, 1] {
        months -> lstm(16, return=sequence) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec r6_feed_back.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """months [B, T, 1] -> [B, T, 1]"""
    months = keras.Input((None, 1), name="months")
    # [B, T, 16]
    x, *_ = layers.LSTM(16, return_sequences=True, return_state=True, name="lstm")(months)
    x = layers.Dense(1, name="dense")(x)  # [B, T, 1]
    return keras.Model(months, x, name="Passengers")


# What layers carry from one step to the next, and its shape.
STATE = {"lstm_h": (16,), "lstm_c": (16,)}


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: months [B, T, 1], memory and states -> output and states"""
    months = keras.Input((None, 1), name="months")
    lstm = [keras.Input((16,), name="lstm_h"), keras.Input((16,), name="lstm_c")]
    x, lstm_h, lstm_c = model.get_layer("lstm")(months, initial_state=lstm)  # [B, T, 16]
    x = model.get_layer("dense")(x)  # [B, T, 1]
    return keras.Model(
        [months, *lstm], {"output": x, "lstm_h": lstm_h, "lstm_c": lstm_c}, name="PassengersStep"
    )
