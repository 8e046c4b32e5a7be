"""Reference.

    model Reference(text: token(letters)[B, T]) -> float[B, T, letters] {
        text -> embedding(16) -> lstm(128, return=sequence, stateful=true) -> dense(letters)
    }

Compiled by seqspec 0.1.0 from the spec reference.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

# what is carried from batch to batch, in the order of the model
CARRIED = ("state/lstm/h", "state/lstm/c")


def build_model() -> keras.Model:
    """text [B, T] -> logits [B, T, 99]; behind both the tensors of CARRIED"""
    text = keras.Input((None,), dtype="int32", name="text")
    lstm_state = [
        keras.Input((128,), name="lstm_state_h"),
        keras.Input((128,), name="lstm_state_c"),
    ]
    x = layers.Embedding(99, 16, name="embedding")(text)  # [B, T, 16]
    # [B, T, 128]
    x, *lstm_state_ = layers.LSTM(128, return_sequences=True, return_state=True, name="lstm")(
        x, initial_state=lstm_state
    )
    logits = layers.Dense(99, name="dense")(x)  # [B, T, 99]
    return keras.Model([text, *lstm_state], [logits, *lstm_state_], name="Reference")


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
