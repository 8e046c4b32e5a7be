"""Dates.

    model Dates(source: token(51)[B, S], iso: token(12)[B, T]) -> float[B, T, 12] {
        notes = source -> embedding(16) -> gru(16, return=sequence)
        said = iso -> embedding(8) -> gru(16, initial=notes.state, return=sequence)
        said -> attention(notes) -> dropout(0.1) -> dense(12)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """source [B, S], iso [B, T] -> logits [B, T, 12]"""
    source = keras.Input((None,), dtype="int32", name="source")
    iso = keras.Input((None,), dtype="int32", name="iso")
    x = layers.Embedding(51, 16, name="notes_embedding")(source)  # [B, S, 16]
    # [B, S, 16]
    notes, *notes_state = layers.GRU(
        16, return_sequences=True, return_state=True, name="notes_gru"
    )(x)
    x = layers.Embedding(12, 8, name="said_embedding")(iso)  # [B, T, 8]
    # [B, T, 16]
    said, *_ = layers.GRU(16, return_sequences=True, return_state=True, name="said_gru")(
        x, initial_state=notes_state
    )
    x = layers.Attention(name="attention")([said, notes])  # [B, T, 16]
    x = layers.Dropout(0.1, name="dropout")(x)  # [B, T, 16]
    logits = layers.Dense(12, name="dense")(x)  # [B, T, 12]
    return keras.Model([source, iso], logits, name="Dates")


# What layers carry from one step to the next, and its shape.
STATE = {"said_gru_h": (16,)}


def build_begin(model: keras.Model) -> keras.Model:
    """What there is before the first step: source [B, S] -> memory and states"""
    source = keras.Input((None,), dtype="int32", name="source")
    x = model.get_layer("notes_embedding")(source)  # [B, S, 16]
    notes, notes_h = model.get_layer("notes_gru")(x)  # [B, S, 16]
    return keras.Model(source, {"notes": notes, "said_gru_h": notes_h}, name="DatesBegin")


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: iso [B, T], memory and states -> output and states"""
    iso = keras.Input((None,), dtype="int32", name="iso")
    notes = keras.Input((None, 16), name="notes")
    said_gru = [keras.Input((16,), name="said_gru_h")]
    x = model.get_layer("said_embedding")(iso)  # [B, T, 8]
    said, said_h = model.get_layer("said_gru")(x, initial_state=said_gru)  # [B, T, 16]
    x = layers.Attention(name="attention")([said, notes])  # [B, T, 16]
    x = layers.Dropout(0.1, name="dropout")(x)  # [B, T, 16]
    x = model.get_layer("dense")(x)  # [B, T, 12]
    return keras.Model(
        [iso, notes, *said_gru], {"output": x, "said_gru_h": said_h}, name="DatesStep"
    )
