"""Careful.

    model Careful(month: float[B, 12, 1]) -> float[B, 1] {
        month -> gru(16, kernel_regularizer=l2(0.001),
            recurrent_regularizer=orthogonal_regularizer(0.01),
                     bias_constraint=max_norm(1), activity_regularizer=l1(0.0001))
            -> dense(1, kernel_regularizer=l1_l2(l1=0.0001, l2=0.001), kernel_constraint=non_neg)
    }

Compiled by seqspec 0.1.0 from the spec l1_costs.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """month [B, 12, 1] -> [B, 1]"""
    month = keras.Input((12, 1), name="month")
    # [B, 16], the last step
    x = layers.GRU(
        16,
        kernel_regularizer=keras.regularizers.L2(0.001),
        recurrent_regularizer=keras.regularizers.OrthogonalRegularizer(0.01),
        activity_regularizer=keras.regularizers.L1(0.0001),
        bias_constraint=keras.constraints.MaxNorm(1),
        name="gru",
    )(month)
    # [B, 1]
    x = layers.Dense(
        1,
        kernel_regularizer=keras.regularizers.L1L2(l1=0.0001, l2=0.001),
        kernel_constraint=keras.constraints.NonNeg(),
        name="dense",
    )(x)
    return keras.Model(month, x, name="Careful")
