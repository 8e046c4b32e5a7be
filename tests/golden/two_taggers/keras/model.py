"""Tagger.

    model Tagger(text: token(words, pad=lengths)[B, T]) -> (pos: float[B, T, 45], chunk: float[B, T,
        23]) {
        h = text -> embedding(64) -> bidirectional(lstm(64, return=sequence))
        pos = h -> dense(45)
        chunk = concat(h, pos) -> dense(23)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


def first_steps(x: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    """Which steps of x [B, T] are data: as many of each sample as lengths [B] says."""
    numbers = ops.cumsum(ops.ones_like(x, dtype="int32"), axis=1)
    return ops.less_equal(numbers, ops.expand_dims(lengths, 1))


def build_model() -> keras.Model:
    """text [B, T], text_lengths [B] -> {pos [B, T, 45], chunk [B, T, 23]}"""
    text = keras.Input((None,), dtype="int32", name="text")
    text_lengths = keras.Input((), dtype="int32", name="text_lengths")
    mask = first_steps(text, text_lengths)  # [B, T]
    x = layers.Embedding(5000, 64, name="h_embedding")(text)  # [B, T, 64]
    # [B, T, 128]
    h = layers.Bidirectional(layers.LSTM(64, return_sequences=True), name="h_bidirectional")(
        x, mask=mask
    )
    pos = layers.Dense(45, name="pos_dense")(h)  # [B, T, 45]
    x = layers.Concatenate(name="chunk_concat")([h, pos])  # [B, T, 173]
    chunk = layers.Dense(23, name="chunk_dense")(x)  # [B, T, 23]
    return keras.Model([text, text_lengths], {"pos": pos, "chunk": chunk}, name="Tagger")
