"""Voices: L3: one answer for each series; the data says how many of its steps are there.

    model Voices(sound: float(pad=lengths)[B, T, 12]) -> float[B, 9] {
        sound -> batch_norm -> lstm(32, return=sequence) -> lstm(32) -> dense(9)
    }

Compiled by seqspec 0.1.0 from the spec l3_lengths.seq, quoted above.
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
    """sound [B, T, 12], sound_lengths [B] -> [B, 9]"""
    sound = keras.Input((None, 12), name="sound")
    sound_lengths = keras.Input((), dtype="int32", name="sound_lengths")
    mask = first_steps(sound[:, :, 0], sound_lengths)  # [B, T]
    x = layers.BatchNormalization(name="batch_norm")(sound, mask=mask)  # [B, T, 12]
    x = layers.LSTM(32, return_sequences=True, name="lstm")(x, mask=mask)  # [B, T, 32]
    x = layers.LSTM(32, name="lstm_1")(x, mask=mask)  # [B, 32], the last step
    x = layers.Dense(9, name="dense")(x)  # [B, 9]
    return keras.Model([sound, sound_lengths], x, name="Voices")
