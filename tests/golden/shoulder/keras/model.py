"""Shoulder.

    model Shoulder(motion: float[B, 50, 6]) -> float[B, 7] {
        motion
            -> conv_1d(32, 5, padding=same, activation=relu) -> max_pooling_1d
            -> conv_1d(48, 5, padding=same, activation=relu) -> max_pooling_1d
            -> dropout(0.3) -> lstm(48) -> dropout(0.3) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec shoulder.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """motion [B, 50, 6] -> logits [B, 7]"""
    motion = keras.Input((50, 6), name="motion")
    # [B, 50, 32]
    x = layers.Conv1D(32, 5, padding="same", activation="relu", name="conv_1d")(motion)
    x = layers.MaxPooling1D(2, name="max_pooling_1d")(x)  # [B, 25, 32]
    x = layers.Conv1D(48, 5, padding="same", activation="relu", name="conv_1d_1")(x)  # [B, 25, 48]
    x = layers.MaxPooling1D(2, name="max_pooling_1d_1")(x)  # [B, 12, 48]
    x = layers.Dropout(0.3, name="dropout")(x)  # [B, 12, 48]
    x = layers.LSTM(48, name="lstm")(x)  # [B, 48], the last step
    x = layers.Dropout(0.3, name="dropout_1")(x)  # [B, 48]
    logits = layers.Dense(7, name="dense")(x)  # [B, 7]
    return keras.Model(motion, logits, name="Shoulder")
