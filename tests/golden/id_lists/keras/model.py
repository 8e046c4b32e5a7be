"""Next.

    model Next(heard: token(songs, pad=0)[B, T], listener: token(40)[B]) -> float[B, T, songs] {
        taste = listener -> embedding(16) -> repeat(1)
        h = heard -> embedding(16) -> gru(16, return=sequence)
        h + taste -> dense(32, activation=relu) -> dense(songs)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class Padded(layers.Layer):
    """Tells the loss which steps are data: x [B, T, ...] and a mask [B, T] -> x"""

    def call(self, inputs: list[keras.KerasTensor]) -> object:
        return ops.copy(inputs[0])

    def compute_mask(
        self, inputs: list[keras.KerasTensor], previous_mask: object = None
    ) -> keras.KerasTensor:
        return inputs[1]


def build_model() -> keras.Model:
    """heard [B, T], listener [B] -> logits [B, T, 500]"""
    heard = keras.Input((None,), dtype="int32", name="heard")
    listener = keras.Input((), dtype="int32", name="listener")
    mask = heard != 0  # [B, T]
    x = layers.Embedding(40, 16, name="taste_embedding")(listener)  # [B, 16]
    taste = layers.RepeatVector(1, name="taste_repeat")(x)  # [B, 1, 16]
    x = layers.Embedding(500, 16, name="h_embedding")(heard)  # [B, T, 16]
    # [B, T, 16]
    h = layers.GRU(16, return_sequences=True, use_cudnn=False, name="h_gru")(x, mask=mask)
    x = h + taste  # [B, T, 16]
    x = Padded()([x, mask])  # [B, T, 16]
    x = layers.Dense(32, activation="relu", name="dense")(x)  # [B, T, 32]
    logits = layers.Dense(500, name="dense_1")(x)  # [B, T, 500]
    return keras.Model([heard, listener], logits, name="Next")
