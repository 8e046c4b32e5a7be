"""Bent: Functions with arguments of their own, where frameworks have other defaults or none at all.

    model Bent(x: float[B, T, 3]) -> float[B, 4] {
        h = x -> dense(8, activation=gelu(approximate=true)) -> gru(8,
            activation=leaky_relu(negative_slope=0.1))
        h -> dense(8, activation=relu(max_value=2.0),
            kernel_initializer=variance_scaling(scale=2.0))
            -> dense(4, activation=squareplus, kernel_initializer=identity)
    }

Compiled by seqspec 0.1.0 from the spec l_activations.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable()
def gelu_approximate(x: Any) -> Any:
    return keras.activations.gelu(x, approximate=True)


@keras.saving.register_keras_serializable()
def leaky_relu_negative_slope_0_1(x: Any) -> Any:
    return keras.activations.leaky_relu(x, negative_slope=0.1)


@keras.saving.register_keras_serializable()
def relu_max_value_2_0(x: Any) -> Any:
    return keras.activations.relu(x, max_value=2.0)


def build_model() -> keras.Model:
    """x [B, T, 3] -> [B, 4]"""
    x = keras.Input((None, 3), name="x")
    y = layers.Dense(8, activation=gelu_approximate, name="h_dense")(x)  # [B, T, 8]
    # [B, 8], the last step
    h = layers.GRU(8, activation=leaky_relu_negative_slope_0_1, name="h_gru")(y)
    # [B, 8]
    y = layers.Dense(
        8,
        activation=relu_max_value_2_0,
        kernel_initializer=keras.initializers.VarianceScaling(scale=2.0),
        name="dense",
    )(h)
    # [B, 4]
    y = layers.Dense(4, activation="squareplus", kernel_initializer="identity", name="dense_1")(y)
    return keras.Model(x, y, name="Bent")
