"""LookBack.

    model LookBack(window: float[B, 3, 1]) -> float[B, 1] {
        window -> lstm(4) -> dense(1)
    }

Compiled from r1_look_back.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """window [B, 3, 1] -> [B, 1]"""
    window = keras.Input((3, 1), name="window")
    x = layers.LSTM(4, name="lstm")(window)  # [B, 4], the last step
    x = layers.Dense(1, name="dense")(x)  # [B, 1]
    return keras.Model(window, x, name="LookBack")
