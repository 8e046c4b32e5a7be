"""Weather.

    model Weather(hours: float[B, 48, 5]) -> float[B, 6] {
        hours -> gru(64) -> dense(6)
    }

Compiled from weather.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 48, 5] -> [B, 6]"""
    hours = keras.Input((48, 5), name="hours")
    x = layers.GRU(64, name="gru")(hours)  # [B, 64], the last step
    x = layers.Dense(6, name="dense")(x)  # [B, 6]
    return keras.Model(hours, x, name="Weather")
