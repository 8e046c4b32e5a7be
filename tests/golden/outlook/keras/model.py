"""Outlook.

    model Outlook(hours: float[B, 24, 6], calendar: float[B, 3, 2])
        -> (warmth: float[B, 3], wet: float[B, 3])
    {
        past = hours -> gru(32)
        known = concat(past, calendar -> flatten) -> dense(32, activation=relu)
        warmth = known -> dense(3)
        wet = known -> dense(3, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec outlook.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 24, 6], calendar [B, 3, 2] -> {warmth [B, 3], wet [B, 3]}"""
    hours = keras.Input((24, 6), name="hours")
    calendar = keras.Input((3, 2), name="calendar")
    past = layers.GRU(32, name="past_gru")(hours)  # [B, 32], the last step
    x = layers.Flatten(name="flatten")(calendar)  # [B, 6]
    x = layers.Concatenate(name="known_concat")([past, x])  # [B, 38]
    known = layers.Dense(32, activation="relu", name="known_dense")(x)  # [B, 32]
    warmth = layers.Dense(3, name="warmth_dense")(known)  # [B, 3]
    wet = layers.Dense(3, activation="sigmoid", name="wet_dense")(known)  # [B, 3]
    return keras.Model([hours, calendar], {"warmth": warmth, "wet": wet}, name="Outlook")
