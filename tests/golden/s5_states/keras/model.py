"""Handover.

    model Handover(past: float[B, S, 3], future: float[B, T, 2]) -> float[B, T, 1] {
        seen = past -> bidirectional(lstm(8))
        told = future -> bidirectional(lstm(8, return=sequence), initial=seen.state)
        first = past -> gru(16)
        second = future -> gru(16, initial=first.state, return=sequence)
        concat(told, second) -> dense(1)
    }

Compiled from s5_states.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """past [B, S, 3], future [B, T, 2] -> [B, T, 1]"""
    past = keras.Input((None, 3), name="past")
    future = keras.Input((None, 2), name="future")
    # forward_h [B, 8], forward_c [B, 8], backward_h [B, 8], backward_c [B, 8]
    _, *seen_state = layers.Bidirectional(
        layers.LSTM(8, return_state=True), name="seen_bidirectional"
    )(past)
    # [B, T, 16]
    told = layers.Bidirectional(layers.LSTM(8, return_sequences=True), name="told_bidirectional")(
        future, initial_state=seen_state
    )
    _, *first_state = layers.GRU(16, return_state=True, name="first_gru")(past)  # h [B, 16]
    # [B, T, 16]
    second = layers.GRU(16, return_sequences=True, name="second_gru")(
        future, initial_state=first_state
    )
    x = layers.Concatenate(name="concat")([told, second])  # [B, T, 32]
    x = layers.Dense(1, name="dense")(x)  # [B, T, 1]
    return keras.Model([past, future], x, name="Handover")
