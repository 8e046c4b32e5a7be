"""Verdict.

    model Verdict(readings: float[B, T, 4]) -> float[B, 1] {
        readings -> lstm(32, return=sequence) -> lstm(16) -> dense(1, activation=sigmoid)
    }

Compiled from r3_many_to_one.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """readings [B, T, 4] -> [B, 1]"""
    readings = keras.Input((None, 4), name="readings")
    x = layers.LSTM(32, return_sequences=True, name="lstm")(readings)  # [B, T, 32]
    x = layers.LSTM(16, name="lstm_1")(x)  # [B, 16], the last step
    x = layers.Dense(1, activation="sigmoid", name="dense")(x)  # [B, 1]
    return keras.Model(readings, x, name="Verdict")
