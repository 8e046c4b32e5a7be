"""Video.

    model Frame(pixels: float[B, 24, 32, 3]) -> float[B, 16] {
        pixels -> conv_2d(8, 3, activation=relu) -> max_pooling_2d
            -> conv_2d(16, [3, 5], strides=2, padding=same, activation=relu)
            -> global_average_pooling_2d
    }

    model Video(film: float[B, T, 24, 32, 3]) -> float[B, 6] {
        film -> each(Frame) -> lstm(32) -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec l_video.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class EachStep(layers.Wrapper):
    """Applies a layer to each step on its own: [B, T, ...] is [B * T, ...] to it.

    layers.TimeDistributed would run it once for each step. This runs it once for all, and what it
    learns or keeps (moving statistics, for one) sees all steps of a batch together.
    """

    def build(self, input_shape: Any = None) -> None:
        super().build((None, *input_shape[2:]))

    def call(self, x: Any) -> Any:
        shape = ops.shape(x)
        y = self.layer(ops.reshape(x, (-1, *shape[2:])))
        return ops.reshape(y, (*shape[:2], *ops.shape(y)[1:]))


def build_frame(name: str) -> keras.Model:
    """pixels [B*T, 24, 32, 3] -> [B*T, 16]"""
    pixels = keras.Input((24, 32, 3), name="pixels")
    x = layers.Conv2D(8, 3, activation="relu", name="conv_2d")(pixels)  # [B*T, 22, 30, 8]
    x = layers.MaxPooling2D(2, name="max_pooling_2d")(x)  # [B*T, 11, 15, 8]
    # [B*T, 6, 8, 16]
    x = layers.Conv2D(16, (3, 5), strides=2, padding="same", activation="relu", name="conv_2d_1")(x)
    x = layers.GlobalAveragePooling2D(name="global_average_pooling_2d")(x)  # [B*T, 16]
    return keras.Model(pixels, x, name=name)


def build_model() -> keras.Model:
    """film [B, T, 24, 32, 3] -> [B, 6]"""
    film = keras.Input((None, 24, 32, 3), name="film")
    x = EachStep(build_frame(name="frame"), name="frame")(film)  # [B, T, 16]
    x = layers.LSTM(32, name="lstm")(x)  # [B, 32], the last step
    x = layers.Dense(6, name="dense")(x)  # [B, 6]
    return keras.Model(film, x, name="Video")
