"""Dates.

    model Dates(source: token(51)[B, S], iso: token(12)[B, T]) -> float[B, T, 12] {
        encoder = source -> embedding(32) -> lstm(64)
        decoder = iso -> embedding(32) -> lstm(64, initial=encoder.state, return=sequence)
        decoder -> dense(12)
    }

Compiled by seqspec 0.1.0 from the spec dates.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], iso [B, T] -> logits [B, T, 12]"""
    source = keras.Input((None,), dtype="int32", name="source")
    iso = keras.Input((None,), dtype="int32", name="iso")
    x = layers.Embedding(51, 32, name="encoder_embedding")(source)  # [B, S, 32]
    # h [B, 64], c [B, 64]
    _, *encoder_state = layers.LSTM(64, return_state=True, name="encoder_lstm")(x)
    x = layers.Embedding(12, 32, name="decoder_embedding")(iso)  # [B, T, 32]
    # [B, T, 64]
    decoder, *_ = layers.LSTM(64, return_sequences=True, return_state=True, name="decoder_lstm")(
        x, initial_state=encoder_state
    )
    logits = layers.Dense(12, name="dense")(decoder)  # [B, T, 12]
    return keras.Model([source, iso], logits, name="Dates")


# What layers carry from one step to the next, and its shape.
STATE = {"decoder_lstm_h": (64,), "decoder_lstm_c": (64,)}


def build_begin(model: keras.Model) -> keras.Model:
    """What there is before the first step: source [B, S] -> memory and states"""
    source = keras.Input((None,), dtype="int32", name="source")
    x = model.get_layer("encoder_embedding")(source)  # [B, S, 32]
    _, encoder_h, encoder_c = model.get_layer("encoder_lstm")(x)  # h [B, 64], c [B, 64]
    return keras.Model(
        source, {"decoder_lstm_h": encoder_h, "decoder_lstm_c": encoder_c}, name="DatesBegin"
    )


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: iso [B, T], memory and states -> output and states"""
    iso = keras.Input((None,), dtype="int32", name="iso")
    decoder_lstm = [
        keras.Input((64,), name="decoder_lstm_h"),
        keras.Input((64,), name="decoder_lstm_c"),
    ]
    x = model.get_layer("decoder_embedding")(iso)  # [B, T, 32]
    # [B, T, 64]
    decoder, decoder_h, decoder_c = model.get_layer("decoder_lstm")(x, initial_state=decoder_lstm)
    x = model.get_layer("dense")(decoder)  # [B, T, 12]
    return keras.Model(
        [iso, *decoder_lstm],
        {"output": x, "decoder_lstm_h": decoder_h, "decoder_lstm_c": decoder_c},
        name="DatesStep",
    )
