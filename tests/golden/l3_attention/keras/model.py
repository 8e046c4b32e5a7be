"""Caption: L3: each word sees the words around it and the picture's places; padding is seen by
none.

    model Caption(words: token(2000, pad=0)[B, T], places: float(pad=lengths)[B, S, 16]) -> float[B,
        T, 2000] {
        h = words -> embedding(16)
        a = add(h, h -> multi_head_attention(2, 8, causal=true)) -> layer_norm
        a -> attention(places) -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec l3_attention.seq, quoted above.
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
    """words [B, T], places [B, S, 16], places_lengths [B] -> [B, T, 2000]"""
    words = keras.Input((None,), dtype="int32", name="words")
    places = keras.Input((None, 16), name="places")
    places_lengths = keras.Input((), dtype="int32", name="places_lengths")
    words_mask = words != 0  # [B, T]
    places_mask = first_steps(places[:, :, 0], places_lengths)  # [B, S]
    h = layers.Embedding(2000, 16, name="h_embedding")(words)  # [B, T, 16]
    # [B, T, 16]
    x = layers.MultiHeadAttention(2, 8, name="multi_head_attention")(
        h,
        h,
        attention_mask=ops.expand_dims(words_mask, 2),
        value_mask=words_mask,
        use_causal_mask=True,
    )
    x = layers.Add(name="a_add")([h, x])  # [B, T, 16]
    a = layers.LayerNormalization(name="a_layer_norm")(x)  # [B, T, 16]
    # [B, T, 16]
    x = layers.Attention(name="attention")([a, places], mask=[words_mask, places_mask])
    x = layers.Dense(2000, name="dense")(x)  # [B, T, 2000]
    return keras.Model([words, places, places_lengths], x, name="Caption")
