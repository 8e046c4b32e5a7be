"""Follow.

    model Follow(hours: float[B, 24, 3]) -> float[B, 24, 1] {
        hours -> gru(16, return=sequence) -> dense(1)
    }

Compiled from r4_many_to_many.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 24, 3] -> [B, 24, 1]"""
    hours = keras.Input((24, 3), name="hours")
    x = layers.GRU(16, return_sequences=True, name="gru")(hours)  # [B, 24, 16]
    x = layers.Dense(1, name="dense")(x)  # [B, 24, 1]
    return keras.Model(hours, x, name="Follow")
