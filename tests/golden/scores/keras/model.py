"""Days.

    model Days(days: float[B, 14, 3]) -> (warmth: float[B, 2], kind: float[B, 14, 5]) {
        h = days -> gru(16, return=sequence)
        warmth = h.last -> dense(2)
        kind = h -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """days [B, 14, 3] -> {warmth [B, 2], kind [B, 14, 5]}"""
    days = keras.Input((14, 3), name="days")
    # [B, 14, 16]
    h, h_last = layers.GRU(16, return_sequences=True, return_state=True, name="h_gru")(days)
    warmth = layers.Dense(2, name="warmth_dense")(h_last)  # [B, 2]
    kind = layers.Dense(5, name="kind_dense")(h)  # [B, 14, 5]
    return keras.Model(days, {"warmth": warmth, "kind": kind}, name="Days")
