"""LookBack.

    model LookBack(window: float[B, 12, 1]) -> float[B, 1] {
        window -> gru(8) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec updates.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """window [B, 12, 1] -> [B, 1]"""
    window = keras.Input((12, 1), name="window")
    x = layers.GRU(8, name="gru")(window)  # [B, 8], the last step
    x = layers.Dense(1, name="dense")(x)  # [B, 1]
    return keras.Model(window, x, name="LookBack")
