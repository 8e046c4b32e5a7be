"""Coarse.

    model Past(x: float[B, T, 3]) -> float[B, T, 8] {
        near = x -> conv_1d(8, 3, padding=causal, activation=relu)
        far = near -> conv_1d(8, 3, padding=causal, dilation_rate=4, activation=relu)
        add(near, far) -> layer_norm
    }

    model Coarse(x: float[B, T, 3]) -> float[B, 5] {
        fine = x -> Past
        halves: float[B, ceil(T / 2), 16] = fine -> conv_1d(16, 5, strides=2, padding=same)
        quarters: float[B, ceil(T / 4), 16] = halves -> max_pooling_1d(padding=same)
        smooth = quarters -> average_pooling_1d(3, strides=1, padding=same)
        again: float[B, 4 * ceil(T / 4) - 3, 4] = smooth -> upsampling_1d(4) -> conv_1d(4, 4)
        peaks = again -> global_max_pooling_1d
        level = quarters -> global_average_pooling_1d
        concat(peaks, level) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec windows.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_past(name: str) -> keras.Model:
    """x [B, T, 3] -> [B, T, 8]"""
    x = keras.Input((None, 3), name="x")
    # [B, T, 8]
    near = layers.Conv1D(8, 3, padding="causal", activation="relu", name="near_conv_1d")(x)
    # [B, T, 8]
    far = layers.Conv1D(
        8, 3, padding="causal", dilation_rate=4, activation="relu", name="far_conv_1d"
    )(near)
    y = layers.Add(name="add")([near, far])  # [B, T, 8]
    y = layers.LayerNormalization(name="layer_norm")(y)  # [B, T, 8]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """x [B, T, 3] -> [B, 5]"""
    x = keras.Input((None, 3), name="x")
    fine = build_past(name="fine_past")(x)  # [B, T, 8]
    # [B, ceil(T/2), 16]
    halves = layers.Conv1D(16, 5, strides=2, padding="same", name="halves_conv_1d")(fine)
    # [B, ceil(T/4), 16]
    quarters = layers.MaxPooling1D(2, padding="same", name="quarters_max_pooling_1d")(halves)
    # [B, ceil(T/4), 16]
    smooth = layers.AveragePooling1D(
        3, strides=1, padding="same", name="smooth_average_pooling_1d"
    )(quarters)
    y = layers.UpSampling1D(4, name="again_upsampling_1d")(smooth)  # [B, 4*ceil(T/4), 16]
    again = layers.Conv1D(4, 4, name="again_conv_1d")(y)  # [B, 4*ceil(T/4)-3, 4]
    peaks = layers.GlobalMaxPooling1D(name="peaks_global_max_pooling_1d")(again)  # [B, 4]
    # [B, 16]
    level = layers.GlobalAveragePooling1D(name="level_global_average_pooling_1d")(quarters)
    y = layers.Concatenate(name="concat")([peaks, level])  # [B, 20]
    y = layers.Dense(5, name="dense")(y)  # [B, 5]
    return keras.Model(x, y, name="Coarse")
