"""Tagger.

    model Head(step: float[B, 24]) -> float[B, 7] {
        step -> dense(32, activation=relu) -> dropout(0.2) -> dense(7)
    }

    model Tagger(words: token(500)[B, T]) -> float[B, T, 7] {
        words -> embedding(16) -> lstm(24, return=sequence) -> each(Head) -> softmax
    }

Compiled from r10_per_step.seq by seqspec 0.1.0.
Needs Keras 3 with TensorFlow, numpy and safetensors only; yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers, ops


class EachStep(layers.Layer):
    """Applies a layer to each step on its own: [B, T, ...] is [B * T, ...] to it.

    All steps of a batch go through the layer at once, so that what it learns or keeps (moving
    statistics, for one) sees them together. `axes` counts the axes kept aside.
    """

    def __init__(self, layer: layers.Layer, axes: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.layer = layer
        self.axes = axes

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if not self.layer.built:
            self.layer.build((None, *input_shape[1 + self.axes :]))

    def call(self, x: keras.KerasTensor):
        shape = ops.shape(x)
        steps = self.layer(ops.reshape(x, (-1, *shape[1 + self.axes :])))
        return ops.reshape(steps, (*shape[: 1 + self.axes], *ops.shape(steps)[1:]))


def build_head(name: str) -> keras.Model:
    """step [B*T, 24] -> [B*T, 7]"""
    step = keras.Input((24,), name="step")
    x = layers.Dense(32, activation="relu", name="dense")(step)  # [B*T, 32]
    x = layers.Dropout(0.2, name="dropout")(x)  # [B*T, 32]
    x = layers.Dense(7, name="dense_1")(x)  # [B*T, 7]
    return keras.Model(step, x, name=name)


def build_model() -> keras.Model:
    """words [B, T] -> [B, T, 7]"""
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(500, 16, name="embedding")(words)  # [B, T, 16]
    x = layers.LSTM(24, return_sequences=True, name="lstm")(x)  # [B, T, 24]
    x = EachStep(build_head(name="head"), name="head")(x)  # [B, T, 7]
    x = layers.Softmax(name="softmax")(x)  # [B, T, 7]
    return keras.Model(words, x, name="Tagger")
