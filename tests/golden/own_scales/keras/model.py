"""Airports: Each airport is scaled by itself; its place is not. Training samples are jittered.

    model Airports(hours: float[B, 24, 3], place: float[B, 2]) -> (temp: float[B, 6], dewp: float[B,
        6]) {
        past = concat(hours -> gru(16), place)
        temp = past -> dense(6)
        dewp = past -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """hours [B, 24, 3], place [B, 2] -> {temp [B, 6], dewp [B, 6]}"""
    hours = keras.Input((24, 3), name="hours")
    place = keras.Input((2,), name="place")
    x = layers.GRU(16, name="gru")(hours)  # [B, 16], the last step
    past = layers.Concatenate(name="past_concat")([x, place])  # [B, 18]
    temp = layers.Dense(6, name="temp_dense")(past)  # [B, 6]
    dewp = layers.Dense(6, name="dewp_dense")(past)  # [B, 6]
    return keras.Model([hours, place], {"temp": temp, "dewp": dewp}, name="Airports")
