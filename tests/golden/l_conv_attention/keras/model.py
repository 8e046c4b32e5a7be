"""Signal.

    model Block(x: float[B, T, width], heads) -> float[B, T, width] {
        h = add(x, x -> layer_norm -> multi_head_attention(heads, 8, dropout=0.1))
        wide = h -> layer_norm -> dense(2 * width, activation=gelu) -> dense(width)
        add(h, wide)
    }

    model Signal(x: float[B, T, 3]) -> float[B, 5] {
        x -> conv_1d(width, 7, strides=4, padding=same, activation=relu)
            -> conv_1d(width, 3, strides=2, padding=same, activation=relu)
            -> Block(heads=4) -> Block(heads=4)
            -> global_average_pooling_1d -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l_conv_attention.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_block(name: str) -> keras.Model:
    """x [B, ceil(T/8), 32] -> [B, ceil(T/8), 32]"""
    x = keras.Input((None, 32), name="x")
    y = layers.LayerNormalization(name="layer_norm")(x)  # [B, ceil(T/8), 32]
    # [B, ceil(T/8), 32]
    y = layers.MultiHeadAttention(4, 8, dropout=0.1, name="multi_head_attention")(y, y)
    h = layers.Add(name="h_add")([x, y])  # [B, ceil(T/8), 32]
    y = layers.LayerNormalization(name="wide_layer_norm")(h)  # [B, ceil(T/8), 32]
    y = layers.Dense(64, activation="gelu", name="wide_dense")(y)  # [B, ceil(T/8), 64]
    wide = layers.Dense(32, name="wide_dense_1")(y)  # [B, ceil(T/8), 32]
    y = layers.Add(name="add")([h, wide])  # [B, ceil(T/8), 32]
    return keras.Model(x, y, name=name)


def build_model() -> keras.Model:
    """x [B, T, 3] -> [B, 5]"""
    x = keras.Input((None, 3), name="x")
    # [B, ceil(T/4), 32]
    y = layers.Conv1D(32, 7, strides=4, padding="same", activation="relu", name="conv_1d")(x)
    # [B, ceil(T/8), 32]
    y = layers.Conv1D(32, 3, strides=2, padding="same", activation="relu", name="conv_1d_1")(y)
    y = build_block(name="block")(y)  # [B, ceil(T/8), 32]
    y = build_block(name="block_1")(y)  # [B, ceil(T/8), 32]
    y = layers.GlobalAveragePooling1D(name="global_average_pooling_1d")(y)  # [B, 32]
    y = layers.Dense(5, name="dense")(y)  # [B, 5]
    return keras.Model(x, y, name="Signal")
