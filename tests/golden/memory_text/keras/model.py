"""Book.

    model Book(text: token(5000)[B, 32]) -> float[B, 32, 5000] {
        text -> embedding(64) -> lstm(128, return=sequence) -> dense(5000)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """text [B, 32] -> logits [B, 32, 5000]"""
    text = keras.Input((32,), dtype="int32", name="text")
    x = layers.Embedding(5000, 64, name="embedding")(text)  # [B, 32, 64]
    x = layers.LSTM(128, return_sequences=True, name="lstm")(x)  # [B, 32, 128]
    logits = layers.Dense(5000, name="dense")(x)  # [B, 32, 5000]
    return keras.Model(text, logits, name="Book")
