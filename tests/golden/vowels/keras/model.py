"""Vowels.

    model Vowels(vowel: float(pad=lengths)[B, T, 12]) -> float[B, 9] {
        vowel -> bidirectional(lstm(32)) -> dropout(0.3) -> dense(9)
    }

Compiled by seqspec 0.1.0 from the spec vowels.seq, quoted above.
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
    """vowel [B, T, 12], vowel_lengths [B] -> logits [B, 9]"""
    vowel = keras.Input((None, 12), name="vowel")
    vowel_lengths = keras.Input((), dtype="int32", name="vowel_lengths")
    mask = first_steps(vowel[:, :, 0], vowel_lengths)  # [B, T]
    # [B, 64], the last step
    x = layers.Bidirectional(layers.LSTM(32), name="bidirectional")(vowel, mask=mask)
    x = layers.Dropout(0.3, name="dropout")(x)  # [B, 64]
    logits = layers.Dense(9, name="dense")(x)  # [B, 9]
    return keras.Model([vowel, vowel_lengths], logits, name="Vowels")
