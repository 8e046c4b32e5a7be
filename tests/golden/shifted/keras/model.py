"""Gesture: Recordings may begin a little earlier or later, with their mark for each sample.

    model Gesture(motion: float[B, 150, 3]) -> float[B, 4] {
        motion -> gru(16) -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """motion [B, 150, 3] -> logits [B, 4]"""
    motion = keras.Input((150, 3), name="motion")
    x = layers.GRU(16, name="gru")(motion)  # [B, 16], the last step
    logits = layers.Dense(4, name="dense")(x)  # [B, 4]
    return keras.Model(motion, logits, name="Gesture")
