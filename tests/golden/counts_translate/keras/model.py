"""Translate.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, 10] {
        encoder = source -> embedding(64) -> lstm(64)
        target -> embedding(64) -> lstm(64, initial=encoder.state) -> dense(10)
    }

Compiled from counts_translate.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], target [B, T] -> [B, 10]"""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(1000, 64, name="encoder_embedding")(source)  # [B, S, 64]
    # h [B, 64], c [B, 64]
    _, *encoder_state = layers.LSTM(64, return_state=True, name="encoder_lstm")(x)
    x = layers.Embedding(2000, 64, name="embedding")(target)  # [B, T, 64]
    x = layers.LSTM(64, name="lstm")(x, initial_state=encoder_state)  # [B, 64], the last step
    x = layers.Dense(10, name="dense")(x)  # [B, 10]
    return keras.Model([source, target], x, name="Translate")
