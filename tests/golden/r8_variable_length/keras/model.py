"""Pulse.

    model Pulse(beats: float[B, T, 3]) -> float[B, 5] {
        beats -> bidirectional(gru(16)) -> dense(5, activation=softmax)
    }

Compiled from r8_variable_length.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """beats [B, T, 3] -> [B, 5]"""
    beats = keras.Input((None, 3), name="beats")
    x = layers.Bidirectional(layers.GRU(16), name="bidirectional")(beats)  # [B, 32], the last step
    x = layers.Dense(5, activation="softmax", name="dense")(x)  # [B, 5]
    return keras.Model(beats, x, name="Pulse")
