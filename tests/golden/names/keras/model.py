"""Names.

    model Names(name: token(letters, pad=lengths)[B, T]) -> float[B, 11] {
        name -> embedding(24) -> bidirectional(gru(64)) -> dropout(0.3) -> dense(11)
    }

Compiled by seqspec 0.1.0 from the spec names.seq, quoted above.
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
    """name [B, T], name_lengths [B] -> logits [B, 11]"""
    name = keras.Input((None,), dtype="int32", name="name")
    name_lengths = keras.Input((), dtype="int32", name="name_lengths")
    mask = first_steps(name, name_lengths)  # [B, T]
    x = layers.Embedding(70, 24, name="embedding")(name)  # [B, T, 24]
    # [B, 128], the last step
    x = layers.Bidirectional(layers.GRU(64), name="bidirectional")(x, mask=mask)
    x = layers.Dropout(0.3, name="dropout")(x)  # [B, 128]
    logits = layers.Dense(11, name="dense")(x)  # [B, 11]
    return keras.Model([name, name_lengths], logits, name="Names")
