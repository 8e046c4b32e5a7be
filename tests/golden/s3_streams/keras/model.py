"""Air.

    model Air(hours: float[B, T, 3], place: float[B, 2]) -> (warm: float[B, T, 1], wet: float[B, T,
        1]) {
        where = place -> dense(4, activation=tanh) -> repeat(T)
        seen = concat(hours, where) -> lstm(16, return=sequence, stateful=true)
        warm = seen -> dense(1)
        wet = seen -> dense(1, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec s3_streams.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

# what is carried from batch to batch, in the order of the model
CARRIED = ("state/seen_lstm/h", "state/seen_lstm/c")


@keras.saving.register_keras_serializable()
class RepeatSteps(layers.Layer):
    """Repeats a vector: [B, F] -> [B, T, F]"""

    def call(self, vector: keras.KerasTensor, hours: keras.KerasTensor) -> Any:
        return ops.repeat(ops.expand_dims(vector, -2), ops.shape(hours)[1], axis=-2)


def build_model() -> keras.Model:
    """hours [B, T, 3], place [B, 2] -> {warm [B, T, 1], wet [B, T, 1]}; behind both the tensors
    of CARRIED
    """
    hours = keras.Input((None, 3), name="hours")
    place = keras.Input((2,), name="place")
    seen_lstm_state = [
        keras.Input((16,), name="seen_lstm_state_h"),
        keras.Input((16,), name="seen_lstm_state_c"),
    ]
    x = layers.Dense(4, activation="tanh", name="where_dense")(place)  # [B, 4]
    where = RepeatSteps(name="where_repeat")(x, hours)  # [B, T, 4]
    x = layers.Concatenate(name="seen_concat")([hours, where])  # [B, T, 7]
    # [B, T, 16]
    seen, *seen_state = layers.LSTM(16, return_sequences=True, return_state=True, name="seen_lstm")(
        x, initial_state=seen_lstm_state
    )
    warm = layers.Dense(1, name="warm_dense")(seen)  # [B, T, 1]
    wet = layers.Dense(1, activation="sigmoid", name="wet_dense")(seen)  # [B, T, 1]
    return keras.Model(
        [hours, place, *seen_lstm_state], [{"warm": warm, "wet": wet}, *seen_state], name="Air"
    )


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
