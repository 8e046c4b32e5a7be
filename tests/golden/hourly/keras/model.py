"""Hourly.

    model Hourly(air: float[B, T, 2], calendar: float[B, T, 2]) -> float[B, T, 2] {
        change = concat(air, calendar) -> lstm(32, return=sequence, stateful=true) -> dense(2)
        air + change
    }

Compiled by seqspec 0.1.0 from the spec hourly.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

# what is carried from batch to batch, in the order of the model
CARRIED = ("state/change_lstm/h", "state/change_lstm/c")


def build_model() -> keras.Model:
    """air [B, T, 2], calendar [B, T, 2] -> [B, T, 2]; behind both the tensors of CARRIED"""
    air = keras.Input((None, 2), name="air")
    calendar = keras.Input((None, 2), name="calendar")
    change_lstm_state = [
        keras.Input((32,), name="change_lstm_state_h"),
        keras.Input((32,), name="change_lstm_state_c"),
    ]
    x = layers.Concatenate(name="change_concat")([air, calendar])  # [B, T, 4]
    # [B, T, 32]
    x, *change_lstm_state_ = layers.LSTM(
        32, return_sequences=True, return_state=True, name="change_lstm"
    )(x, initial_state=change_lstm_state)
    change = layers.Dense(2, name="change_dense")(x)  # [B, T, 2]
    x = air + change  # [B, T, 2]
    return keras.Model([air, calendar, *change_lstm_state], [x, *change_lstm_state_], name="Hourly")


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
