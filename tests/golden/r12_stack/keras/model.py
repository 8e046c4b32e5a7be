"""Stack.

    model Stack(text: token(1000)[B, T]) -> float[B, 10] {
        text -> embedding(64) -> gru(256, return=sequence) -> simple_rnn(128) -> dense(10)
    }

Compiled from r12_stack.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """text [B, T] -> [B, 10]"""
    text = keras.Input((None,), dtype="int32", name="text")
    x = layers.Embedding(1000, 64, name="embedding")(text)  # [B, T, 64]
    x = layers.GRU(256, return_sequences=True, name="gru")(x)  # [B, T, 256]
    x = layers.SimpleRNN(128, name="simple_rnn")(x)  # [B, 128], the last step
    x = layers.Dense(10, name="dense")(x)  # [B, 10]
    return keras.Model(text, x, name="Stack")
