"""Profile.

    model Profile(summary: float[B, 6]) -> float[B, steps, 2] {
        summary -> repeat(steps) -> lstm(24, return=sequence) -> dense(2)
    }

Compiled from r5_repeat.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """summary [B, 6] -> [B, 12, 2]"""
    summary = keras.Input((6,), name="summary")
    x = layers.RepeatVector(12, name="repeat")(summary)  # [B, 12, 6]
    x = layers.LSTM(24, return_sequences=True, name="lstm")(x)  # [B, 12, 24]
    x = layers.Dense(2, name="dense")(x)  # [B, 12, 2]
    return keras.Model(summary, x, name="Profile")
