"""Weather.

    model Weather(hours: float[B, 24, 3]) -> float[B, 1] {
        hours -> gru(16) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec memory.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 24, 3] -> [B, 1]"""
    hours = keras.Input((24, 3), name="hours")
    x = layers.GRU(16, name="gru")(hours)  # [B, 16], the last step
    x = layers.Dense(1, name="dense")(x)  # [B, 1]
    return keras.Model(hours, x, name="Weather")
