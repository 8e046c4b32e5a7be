"""Frame.

    model Frame(x: float[B, steps, 3]) -> float[B, 4] {
        x -> simple_rnn(10, return=sequence) -> flatten -> dense(4)
    }

Compiled from r9_flatten.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """x [B, 8, 3] -> [B, 4]"""
    x = keras.Input((8, 3), name="x")
    y = layers.SimpleRNN(10, return_sequences=True, name="simple_rnn")(x)  # [B, 8, 10]
    y = layers.Flatten(name="flatten")(y)  # [B, 80]
    y = layers.Dense(4, name="dense")(y)  # [B, 4]
    return keras.Model(x, y, name="Frame")
