"""Seattle.

    model Seattle(days: float[B, 28, 4]) -> float[B, 28, 5] {
        days
            -> bidirectional(gru(32, return=sequence))
            -> dropout(0.3)
            -> each(dense(5, activation=softmax))
    }

Compiled by seqspec 0.1.0 from the spec seattle.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """days [B, 28, 4] -> [B, 28, 5]"""
    days = keras.Input((28, 4), name="days")
    # [B, 28, 64]
    x = layers.Bidirectional(layers.GRU(32, return_sequences=True), name="bidirectional")(days)
    x = layers.Dropout(0.3, name="dropout")(x)  # [B, 28, 64]
    x = layers.Dense(5, activation="softmax", name="dense")(x)  # [B, 28, 5]
    return keras.Model(days, x, name="Seattle")
