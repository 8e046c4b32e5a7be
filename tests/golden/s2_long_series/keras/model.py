"""Passengers.

    model Passengers(months: float[B, T, 1]) -> float[B, T, 1] {
        months -> gru(16, return=sequence, stateful=true) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s2_long_series.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

CARRIED = ("state/gru/h",)  # what is carried from batch to batch, in the order of the model


def build_model() -> keras.Model:
    """months [B, T, 1] -> [B, T, 1]; behind both the tensors of CARRIED"""
    months = keras.Input((None, 1), name="months")
    gru_state = [keras.Input((16,), name="gru_state_h")]
    # [B, T, 16]
    x, *gru_state_ = layers.GRU(16, return_sequences=True, return_state=True, name="gru")(
        months, initial_state=gru_state
    )
    x = layers.Dense(1, name="dense")(x)  # [B, T, 1]
    return keras.Model([months, *gru_state], [x, *gru_state_], name="Passengers")


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
