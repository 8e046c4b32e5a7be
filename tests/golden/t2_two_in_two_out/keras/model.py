"""Outlook.

    model Outlook(temp: float[B, 24, 1], wind_speed: float[B, 24, 1])
        -> (warmth: float[B, 1], wind: float[B, 24, 1])
    {
        hours = concat(temp, wind_speed) -> gru(16, return=sequence)
        warmth = hours.last -> dense(1)
        wind = hours -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec t2_two_in_two_out.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """temp [B, 24, 1], wind_speed [B, 24, 1] -> {warmth [B, 1], wind [B, 24, 1]}"""
    temp = keras.Input((24, 1), name="temp")
    wind_speed = keras.Input((24, 1), name="wind_speed")
    x = layers.Concatenate(name="hours_concat")([temp, wind_speed])  # [B, 24, 2]
    # [B, 24, 16]
    hours, hours_last = layers.GRU(16, return_sequences=True, return_state=True, name="hours_gru")(
        x
    )
    warmth = layers.Dense(1, name="warmth_dense")(hours_last)  # [B, 1]
    wind = layers.Dense(1, name="wind_dense")(hours)  # [B, 24, 1]
    return keras.Model([temp, wind_speed], {"warmth": warmth, "wind": wind}, name="Outlook")
