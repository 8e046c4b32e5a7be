"""Hours.

    model Encoder(hours: float[B, T, 3]) -> float[B, T, 16] {
        hours -> lstm(16, return=sequence, stateful=true)
    }

    model Hours(hours: float[B, T, 3]) -> float[B, T, 1] {
        hours -> Encoder -> gru(8, return=sequence, stateful=true) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s1_carried.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

# what is carried from batch to batch, in the order of the model
CARRIED = ("state/encoder/lstm/h", "state/encoder/lstm/c", "state/gru/h")


def build_encoder(name: str) -> keras.Model:
    """hours [B, T, 3], lstm_state h [B, 16], c [B, 16] -> {output [B, T, 16], lstm_state h [B,
    16], c [B, 16]}
    """
    hours = keras.Input((None, 3), name="hours")
    lstm_state = [keras.Input((16,), name="lstm_state_h"), keras.Input((16,), name="lstm_state_c")]
    # [B, T, 16]
    x, *lstm_state_ = layers.LSTM(16, return_sequences=True, return_state=True, name="lstm")(
        hours, initial_state=lstm_state
    )
    return keras.Model([hours, *lstm_state], {"output": x, "lstm_state": lstm_state_}, name=name)


def build_model() -> keras.Model:
    """hours [B, T, 3] -> [B, T, 1]; behind both the tensors of CARRIED"""
    hours = keras.Input((None, 3), name="hours")
    encoder_lstm_state = [
        keras.Input((16,), name="encoder_lstm_state_h"),
        keras.Input((16,), name="encoder_lstm_state_c"),
    ]
    gru_state = [keras.Input((8,), name="gru_state_h")]
    # output [B, T, 16], lstm_state h [B, 16], c [B, 16]
    encoder = build_encoder(name="encoder")([hours, *encoder_lstm_state])
    # [B, T, 8]
    x, *gru_state_ = layers.GRU(8, return_sequences=True, return_state=True, name="gru")(
        encoder["output"], initial_state=gru_state
    )
    x = layers.Dense(1, name="dense")(x)  # [B, T, 1]
    return keras.Model(
        [hours, *encoder_lstm_state, *gru_state],
        [x, *encoder["lstm_state"], *gru_state_],
        name="Hours",
    )


def zero_state(model: keras.Model, lanes: int) -> list[np.ndarray]:
    """A cleared state for so many lanes."""
    tensors = model.inputs[-len(CARRIED) :]
    return [np.zeros((lanes, *tensor.shape[1:]), np.float32) for tensor in tensors]
