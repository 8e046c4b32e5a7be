"""Gated.

    model Changes(x: float[B, T, F]) -> float[B, T, F] {
        before = x -> cropping_1d([0, 1]) -> zero_padding_1d([1, 0])
        subtract(x, before)
    }

    model Gated(x: float[B, 12, 6]) -> float[B, 2, 4] {
        h = x -> gaussian_noise(0.1) -> dense(8) -> layer_norm
        gate = x -> Changes -> spatial_dropout(0.2) -> dense(8, activation=sigmoid)
        kept = multiply(h, gate)
        forward = kept -> gru(8)
        backward = kept -> reverse -> gru(8)
        # each feature's course over time is read as one step
        courses = kept -> permute([2, 1]) -> gru(8)
        peak = maximum(forward, backward)
        average(peak, courses) -> reshape([2, 4])
    }

Compiled by seqspec 0.1.0 from the spec joins.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers, ops


class Reverse(layers.Layer):
    """The steps in reverse order: [B, T, ...] -> [B, T, ...]"""

    def call(self, x: keras.KerasTensor):
        return ops.flip(x, axis=1)


def build_changes(name: str) -> keras.Model:
    """x [B, 12, 6] -> [B, 12, 6]"""
    x = keras.Input((12, 6), name="x")
    y = layers.Cropping1D((0, 1), name="before_cropping_1d")(x)  # [B, 11, 6]
    before = layers.ZeroPadding1D((1, 0), name="before_zero_padding_1d")(y)  # [B, 12, 6]
    y = layers.Subtract(name="subtract")([x, before])  # [B, 12, 6]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """x [B, 12, 6] -> [B, 2, 4]"""
    x = keras.Input((12, 6), name="x")
    y = layers.GaussianNoise(0.1, name="h_gaussian_noise")(x)  # [B, 12, 6]
    y = layers.Dense(8, name="h_dense")(y)  # [B, 12, 8]
    h = layers.LayerNormalization(name="h_layer_norm")(y)  # [B, 12, 8]
    y = build_changes(name="gate_changes")(x)  # [B, 12, 6]
    y = layers.SpatialDropout1D(0.2, name="gate_spatial_dropout")(y)  # [B, 12, 6]
    gate = layers.Dense(8, activation="sigmoid", name="gate_dense")(y)  # [B, 12, 8]
    kept = layers.Multiply(name="kept_multiply")([h, gate])  # [B, 12, 8]
    forward = layers.GRU(8, name="forward_gru")(kept)  # [B, 8], the last step
    y = Reverse(name="backward_reverse")(kept)  # [B, 12, 8]
    backward = layers.GRU(8, name="backward_gru")(y)  # [B, 8], the last step
    y = layers.Permute((2, 1), name="courses_permute")(kept)  # [B, 8, 12]
    courses = layers.GRU(8, name="courses_gru")(y)  # [B, 8], the last step
    peak = layers.Maximum(name="peak_maximum")([forward, backward])  # [B, 8]
    y = layers.Average(name="average")([peak, courses])  # [B, 8]
    y = layers.Reshape((2, 4), name="reshape")(y)  # [B, 2, 4]
    return keras.Model(x, y, name="Gated")
