"""BothWays.

    model BothWays(x: float[B, 5, 10]) -> float[B, 10] {
        x -> bidirectional(lstm(64, return=sequence)) -> bidirectional(lstm(32)) -> dense(10)
    }

Compiled from counts_bidirectional.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """x [B, 5, 10] -> [B, 10]"""
    x = keras.Input((5, 10), name="x")
    # [B, 5, 128]
    y = layers.Bidirectional(layers.LSTM(64, return_sequences=True), name="bidirectional")(x)
    y = layers.Bidirectional(layers.LSTM(32), name="bidirectional_1")(y)  # [B, 64], the last step
    y = layers.Dense(10, name="dense")(y)  # [B, 10]
    return keras.Model(x, y, name="BothWays")
