"""Tagger.

    model Tagger(previous: token(12)[B, T]) -> float[B, T, 12] {
        previous
            -> embedding(64)
            -> gru(512, return=sequence)
            -> gru(128, return=sequence)
            -> each(dense(12))
            -> softmax
    }

Compiled by seqspec 0.1.0 from the spec r13_tagger.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """previous [B, T] -> [B, T, 12]"""
    previous = keras.Input((None,), dtype="int32", name="previous")
    x = layers.Embedding(12, 64, name="embedding")(previous)  # [B, T, 64]
    x = layers.GRU(512, return_sequences=True, name="gru")(x)  # [B, T, 512]
    x = layers.GRU(128, return_sequences=True, name="gru_1")(x)  # [B, T, 128]
    x = layers.Dense(12, name="dense")(x)  # [B, T, 12]
    x = layers.Softmax(name="softmax")(x)  # [B, T, 12]
    return keras.Model(previous, x, name="Tagger")
