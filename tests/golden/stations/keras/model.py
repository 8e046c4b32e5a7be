"""Stations.

    model Stations(hours: float[B, 48, 5], place: float[B, 2], calendar: float[B, 6, 2])
        -> float[B, 6]
    {
        past = hours -> gru(32)
        concat(past, place, calendar -> flatten) -> dense(48, activation=relu) -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec stations.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 48, 5], place [B, 2], calendar [B, 6, 2] -> [B, 6]"""
    hours = keras.Input((48, 5), name="hours")
    place = keras.Input((2,), name="place")
    calendar = keras.Input((6, 2), name="calendar")
    past = layers.GRU(32, name="past_gru")(hours)  # [B, 32], the last step
    x = layers.Flatten(name="flatten")(calendar)  # [B, 12]
    x = layers.Concatenate(name="concat")([past, place, x])  # [B, 46]
    x = layers.Dense(48, activation="relu", name="dense")(x)  # [B, 48]
    x = layers.Dense(6, name="dense_1")(x)  # [B, 6]
    return keras.Model([hours, place, calendar], x, name="Stations")
