"""Translate: Each word of a translation sees the whole source, and of the target what stands before
it.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, T, 2000] {
        notes = source -> embedding(32) -> bidirectional(gru(16, return=sequence))
        words = target -> embedding(32) -> gru(32, return=sequence)
        before = words -> attention(causal=true, use_scale=true)
        about = words -> additive_attention(value=notes)
        concat(before, about) -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec l_attention.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], target [B, T] -> [B, T, 2000]"""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(1000, 32, name="notes_embedding")(source)  # [B, S, 32]
    # [B, S, 32]
    notes = layers.Bidirectional(layers.GRU(16, return_sequences=True), name="notes_bidirectional")(
        x
    )
    x = layers.Embedding(2000, 32, name="words_embedding")(target)  # [B, T, 32]
    words = layers.GRU(32, return_sequences=True, name="words_gru")(x)  # [B, T, 32]
    # [B, T, 32]
    before = layers.Attention(use_scale=True, name="before_attention")(
        [words, words], use_causal_mask=True
    )
    about = layers.AdditiveAttention(name="about_additive_attention")([words, notes])  # [B, T, 32]
    x = layers.Concatenate(name="concat")([before, about])  # [B, T, 64]
    x = layers.Dense(2000, name="dense")(x)  # [B, T, 2000]
    return keras.Model([source, target], x, name="Translate")
