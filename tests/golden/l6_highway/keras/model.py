"""Mood: Three words about the mood of a sentence, read by a recurrent layer from what the highway
makes of each word.

    model Highway(x: float[B, T, F]) -> float[B, T, F] {
        t = x -> dense(F, activation=sigmoid, bias_initializer=constant(-2))
        h = x -> dense(F, activation=relu)
        t * h + (1 - t) * x
    }

    model Mood(text: token(2000)[B, T]) -> float[B, 3] {
        text -> embedding(64) -> Highway -> Highway -> Highway -> gru(32) -> dense(3)
    }

Compiled by seqspec 0.1.0 from the spec l6_highway.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_highway(name: str) -> keras.Model:
    """x [B, T, 64] -> [B, T, 64]"""
    x = keras.Input((None, 64), name="x")
    # [B, T, 64]
    t = layers.Dense(
        64,
        activation="sigmoid",
        bias_initializer=keras.initializers.Constant(value=-2),
        name="t_dense",
    )(x)
    h = layers.Dense(64, activation="relu", name="h_dense")(x)  # [B, T, 64]
    y = t * h + (1 - t) * x  # [B, T, 64]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """text [B, T] -> [B, 3]"""
    text = keras.Input((None,), dtype="int32", name="text")
    x = layers.Embedding(2000, 64, name="embedding")(text)  # [B, T, 64]
    x = build_highway(name="highway")(x)  # [B, T, 64]
    x = build_highway(name="highway_1")(x)  # [B, T, 64]
    x = build_highway(name="highway_2")(x)  # [B, T, 64]
    x = layers.GRU(32, name="gru")(x)  # [B, 32], the last step
    x = layers.Dense(3, name="dense")(x)  # [B, 3]
    return keras.Model(text, x, name="Mood")
