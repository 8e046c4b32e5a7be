"""Tanks.

    model Tanks(readings: float[B, 5, 2]) -> float[B, 1] {
        readings -> lstm(8) -> dense(1)
    }

Compiled from r2_tanks.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """readings [B, 5, 2] -> [B, 1]"""
    readings = keras.Input((5, 2), name="readings")
    x = layers.LSTM(8, name="lstm")(readings)  # [B, 8], the last step
    x = layers.Dense(1, name="dense")(x)  # [B, 1]
    return keras.Model(readings, x, name="Tanks")
