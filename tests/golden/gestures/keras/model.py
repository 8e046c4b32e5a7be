"""Gestures.

    model Gestures(motion: float[B, 50, 6]) -> float[B, 7] {
        seconds = motion
            -> conv_1d(32, 5, padding=same, activation=relu) -> max_pooling_1d
            -> conv_1d(48, 5, padding=same, activation=relu) -> max_pooling_1d
        seen = seconds -> dropout(0.3) -> multi_head_attention(4, 12)
        add(seconds, seen) -> layer_norm -> global_average_pooling_1d -> dropout(0.3) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec gestures.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """motion [B, 50, 6] -> logits [B, 7]"""
    motion = keras.Input((50, 6), name="motion")
    # [B, 50, 32]
    x = layers.Conv1D(32, 5, padding="same", activation="relu", name="seconds_conv_1d")(motion)
    x = layers.MaxPooling1D(2, name="seconds_max_pooling_1d")(x)  # [B, 25, 32]
    # [B, 25, 48]
    x = layers.Conv1D(48, 5, padding="same", activation="relu", name="seconds_conv_1d_1")(x)
    seconds = layers.MaxPooling1D(2, name="seconds_max_pooling_1d_1")(x)  # [B, 12, 48]
    x = layers.Dropout(0.3, name="seen_dropout")(seconds)  # [B, 12, 48]
    seen = layers.MultiHeadAttention(4, 12, name="seen_multi_head_attention")(x, x)  # [B, 12, 48]
    x = layers.Add(name="add")([seconds, seen])  # [B, 12, 48]
    x = layers.LayerNormalization(name="layer_norm")(x)  # [B, 12, 48]
    x = layers.GlobalAveragePooling1D(name="global_average_pooling_1d")(x)  # [B, 48]
    x = layers.Dropout(0.3, name="dropout")(x)  # [B, 48]
    logits = layers.Dense(7, name="dense")(x)  # [B, 7]
    return keras.Model(motion, logits, name="Gestures")
