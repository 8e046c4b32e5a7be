"""Motion.

    encoder Squeeze(x: float[B, steps, 6]) -> float[B, 24] {
        x -> lstm(48, return=sequence) -> lstm(32, return=sequence) -> lstm(24)
    }

    decoder Unfold(code: float[B, 24]) -> float[B, steps, 6] {
        code -> repeat(steps) -> lstm(48, return=sequence) -> each(dense(6))
    }

    model Motion(motion: float[B, steps, 6]) -> float[B, steps, 6] {
        motion -> Squeeze -> Unfold
    }

Compiled by seqspec 0.1.0 from the spec motion.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_squeeze(name: str) -> keras.Model:
    """x [B, 50, 6] -> [B, 24]"""
    x = keras.Input((50, 6), name="x")
    y = layers.LSTM(48, return_sequences=True, name="lstm")(x)  # [B, 50, 48]
    y = layers.LSTM(32, return_sequences=True, name="lstm_1")(y)  # [B, 50, 32]
    y = layers.LSTM(24, name="lstm_2")(y)  # [B, 24], the last step
    return keras.Model(x, y, name=name)


def build_unfold(name: str) -> keras.Model:
    """code [B, 24] -> [B, 50, 6]"""
    code = keras.Input((24,), name="code")
    x = layers.RepeatVector(50, name="repeat")(code)  # [B, 50, 24]
    x = layers.LSTM(48, return_sequences=True, name="lstm")(x)  # [B, 50, 48]
    x = layers.Dense(6, name="dense")(x)  # [B, 50, 6]
    return keras.Model(code, x, name=name)


def build_model() -> keras.Model:
    """motion [B, 50, 6] -> [B, 50, 6]"""
    motion = keras.Input((50, 6), name="motion")
    x = build_squeeze(name="squeeze")(motion)  # [B, 24]
    x = build_unfold(name="unfold")(x)  # [B, 50, 6]
    return keras.Model(motion, x, name="Motion")
