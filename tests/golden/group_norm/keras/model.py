"""Loudness: Normalised in groups of features over all steps of a sample, as batch_norm cannot be
for small batches.

    model Loudness(x: float[B, T, 3]) -> float[B, 5] {
        x -> conv_1d(24, 5) -> group_norm(8) -> gru(16) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec group_norm.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """x [B, T, 3] -> [B, 5]"""
    x = keras.Input((None, 3), name="x")
    y = layers.Conv1D(24, 5, name="conv_1d")(x)  # [B, T-4, 24]
    y = layers.GroupNormalization(groups=8, name="group_norm")(y)  # [B, T-4, 24]
    y = layers.GRU(16, name="gru")(y)  # [B, 16], the last step
    y = layers.Dense(5, name="dense")(y)  # [B, 5]
    return keras.Model(x, y, name="Loudness")
