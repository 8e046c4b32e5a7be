"""Stress.

    model Stress(sounds: token(41, pad=lengths)[B, T]) -> float[B, T, 4] {
        sounds -> embedding(16) -> bidirectional(lstm(48, return=sequence)) -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec stress.seq, quoted above.
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
    """sounds [B, T], sounds_lengths [B] -> logits [B, T, 4]"""
    sounds = keras.Input((None,), dtype="int32", name="sounds")
    sounds_lengths = keras.Input((), dtype="int32", name="sounds_lengths")
    mask = first_steps(sounds, sounds_lengths)  # [B, T]
    x = layers.Embedding(41, 16, name="embedding")(sounds)  # [B, T, 16]
    # [B, T, 96]
    x = layers.Bidirectional(layers.LSTM(48, return_sequences=True), name="bidirectional")(
        x, mask=mask
    )
    logits = layers.Dense(4, name="dense")(x)  # [B, T, 4]
    return keras.Model([sounds, sounds_lengths], logits, name="Stress")
