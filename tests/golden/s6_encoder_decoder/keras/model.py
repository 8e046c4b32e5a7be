"""Translate.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, T, 2000] {
        encoder = source -> embedding(64) -> lstm(64)
        target
            -> embedding(64)
            -> lstm(64, initial=encoder.state, return=sequence)
            -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec s6_encoder_decoder.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], target [B, T] -> [B, T, 2000]"""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(1000, 64, name="encoder_embedding")(source)  # [B, S, 64]
    # h [B, 64], c [B, 64]
    _, *encoder_state = layers.LSTM(64, return_state=True, name="encoder_lstm")(x)
    x = layers.Embedding(2000, 64, name="embedding")(target)  # [B, T, 64]
    # [B, T, 64]
    x, *_ = layers.LSTM(64, return_sequences=True, return_state=True, name="lstm")(
        x, initial_state=encoder_state
    )
    x = layers.Dense(2000, name="dense")(x)  # [B, T, 2000]
    return keras.Model([source, target], x, name="Translate")


# What layers carry from one step to the next, and its shape.
STATE = {"lstm_h": (64,), "lstm_c": (64,)}


def build_begin(model: keras.Model) -> keras.Model:
    """What there is before the first step: source [B, S] -> memory and states"""
    source = keras.Input((None,), dtype="int32", name="source")
    x = model.get_layer("encoder_embedding")(source)  # [B, S, 64]
    _, encoder_h, encoder_c = model.get_layer("encoder_lstm")(x)  # h [B, 64], c [B, 64]
    return keras.Model(source, {"lstm_h": encoder_h, "lstm_c": encoder_c}, name="TranslateBegin")


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: target [B, T], memory and states -> output and states"""
    target = keras.Input((None,), dtype="int32", name="target")
    lstm = [keras.Input((64,), name="lstm_h"), keras.Input((64,), name="lstm_c")]
    x = model.get_layer("embedding")(target)  # [B, T, 64]
    x, lstm_h, lstm_c = model.get_layer("lstm")(x, initial_state=lstm)  # [B, T, 64]
    x = model.get_layer("dense")(x)  # [B, T, 2000]
    return keras.Model(
        [target, *lstm], {"output": x, "lstm_h": lstm_h, "lstm_c": lstm_c}, name="TranslateStep"
    )
