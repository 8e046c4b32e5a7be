"""Dates.

    model Dates(source: token(51)[B, S], previous: token(12)[B, T]) -> float[B, T, 11] {
        encoder = source -> embedding(32) -> lstm(64)
        decoder = previous -> embedding(32) -> lstm(64, initial=encoder.state, return=sequence)
        decoder -> dense(11)
    }

Compiled from dates.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], previous [B, T] -> logits [B, T, 11]"""
    source = keras.Input((None,), dtype="int32", name="source")
    previous = keras.Input((None,), dtype="int32", name="previous")
    x = layers.Embedding(51, 32, name="encoder_embedding")(source)  # [B, S, 32]
    # h [B, 64], c [B, 64]
    _, *encoder_state = layers.LSTM(64, return_state=True, name="encoder_lstm")(x)
    x = layers.Embedding(12, 32, name="decoder_embedding")(previous)  # [B, T, 32]
    # [B, T, 64]
    decoder = layers.LSTM(64, return_sequences=True, name="decoder_lstm")(
        x, initial_state=encoder_state
    )
    logits = layers.Dense(11, name="dense")(decoder)  # [B, T, 11]
    return keras.Model([source, previous], logits, name="Dates")
