"""Tagger: L3: a tag for each word of sentences of different lengths, padded with the id 0.

The mask follows from the type of the words, through both directions, to the tags.

    model Tagger(words: token(40, pad=0)[B, T]) -> float[B, T, 5] {
        words -> embedding(16) -> bidirectional(gru(12, return=sequence)) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l3_tagger.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """words [B, T] -> [B, T, 5]"""
    words = keras.Input((None,), dtype="int32", name="words")
    mask = words != 0  # [B, T]
    x = layers.Embedding(40, 16, name="embedding")(words)  # [B, T, 16]
    # [B, T, 24]
    x = layers.Bidirectional(
        layers.GRU(12, return_sequences=True, use_cudnn=False), name="bidirectional"
    )(x, mask=mask)
    x = layers.Dense(5, name="dense")(x)  # [B, T, 5]
    return keras.Model(words, x, name="Tagger")
