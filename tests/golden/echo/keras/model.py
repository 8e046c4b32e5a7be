"""Echo.

    model Echo(numbers: float[B, 5, 1]) -> float[B, 5, 1] {
        numbers -> lstm(5, return=sequence) -> each(dense(1))
    }

Compiled by seqspec 0.1.0 from the spec echo.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """numbers [B, 5, 1] -> [B, 5, 1]"""
    numbers = keras.Input((5, 1), name="numbers")
    x = layers.LSTM(5, return_sequences=True, name="lstm")(numbers)  # [B, 5, 5]
    x = layers.Dense(1, name="dense")(x)  # [B, 5, 1]
    return keras.Model(numbers, x, name="Echo")
