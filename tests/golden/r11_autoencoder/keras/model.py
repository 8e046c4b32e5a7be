"""Autoencoder.

    encoder Squeeze(rows: float[B, steps, features]) -> float[B, 16] {
        rows -> lstm(64, return=sequence) -> lstm(32, return=sequence) -> lstm(16)
    }

    decoder Unfold(code: float[B, 16]) -> float[B, steps, features] {
        code -> repeat(steps) -> lstm(32, return=sequence) -> lstm(features, return=sequence)
    }

    model Autoencoder(rows: float[B, steps, features]) -> float[B, steps, features] {
        rows -> Squeeze -> Unfold
    }

Compiled from r11_autoencoder.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_squeeze(name: str) -> keras.Model:
    """rows [B, 8, 8] -> [B, 16]"""
    rows = keras.Input((8, 8), name="rows")
    x = layers.LSTM(64, return_sequences=True, name="lstm")(rows)  # [B, 8, 64]
    x = layers.LSTM(32, return_sequences=True, name="lstm_1")(x)  # [B, 8, 32]
    x = layers.LSTM(16, name="lstm_2")(x)  # [B, 16], the last step
    return keras.Model(rows, x, name=name)


def build_unfold(name: str) -> keras.Model:
    """code [B, 16] -> [B, 8, 8]"""
    code = keras.Input((16,), name="code")
    x = layers.RepeatVector(8, name="repeat")(code)  # [B, 8, 16]
    x = layers.LSTM(32, return_sequences=True, name="lstm")(x)  # [B, 8, 32]
    x = layers.LSTM(8, return_sequences=True, name="lstm_1")(x)  # [B, 8, 8]
    return keras.Model(code, x, name=name)


def build_model() -> keras.Model:
    """rows [B, 8, 8] -> [B, 8, 8]"""
    rows = keras.Input((8, 8), name="rows")
    x = build_squeeze(name="squeeze")(rows)  # [B, 16]
    x = build_unfold(name="unfold")(x)  # [B, 8, 8]
    return keras.Model(rows, x, name="Autoencoder")
