"""Book.

    model Book(text: token(5000)[B, T]) -> float[B, T, 5000] {
        text -> embedding(64) -> gru(64, return=sequence, stateful=true) -> dense(5000)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

CARRIED = ("state/gru/h",)  # what is carried from batch to batch, in the order of the model


def build_model() -> keras.Model:
    """text [B, T] -> logits [B, T, 5000]; behind both the tensors of CARRIED"""
    text = keras.Input((None,), dtype="int32", name="text")
    gru_state = [keras.Input((64,), name="gru_state_h")]
    x = layers.Embedding(5000, 64, name="embedding")(text)  # [B, T, 64]
    # [B, T, 64]
    x, *gru_state_ = layers.GRU(64, return_sequences=True, return_state=True, name="gru")(
        x, initial_state=gru_state
    )
    logits = layers.Dense(5000, name="dense")(x)  # [B, T, 5000]
    return keras.Model([text, *gru_state], [logits, *gru_state_], name="Book")


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
