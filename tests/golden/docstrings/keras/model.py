"""Docstrings.

    model Docstrings(text: token(words, pad=lengths)[B, T]) -> float[B, 7] {
        text -> embedding(32) -> dropout(0.5) -> lstm(32) -> dropout(0.5) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec docstrings.seq, quoted above.
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
    """text [B, T], text_lengths [B] -> logits [B, 7]"""
    text = keras.Input((None,), dtype="int32", name="text")
    text_lengths = keras.Input((), dtype="int32", name="text_lengths")
    mask = first_steps(text, text_lengths)  # [B, T]
    x = layers.Embedding(1500, 32, name="embedding")(text)  # [B, T, 32]
    x = layers.Dropout(0.5, name="dropout")(x)  # [B, T, 32]
    x = layers.LSTM(32, name="lstm")(x, mask=mask)  # [B, 32], the last step
    x = layers.Dropout(0.5, name="dropout_1")(x)  # [B, 32]
    logits = layers.Dense(7, name="dense")(x)  # [B, 7]
    return keras.Model([text, text_lengths], logits, name="Docstrings")
