"""Days.

    model Days(written: token(60, pad=lengths)[B, S], iso: token(16, pad=lengths)[B, T]) -> float[B,
        T, 16] {
        notes = written -> embedding(32) -> bidirectional(gru(48, return=sequence))
        start = concat(notes.forward.state.h, notes.backward.state.h) -> dense(64, activation=tanh)
        said = iso -> embedding(16) -> gru(64, initial=[start], return=sequence)
        facts = notes -> dense(64)
        found = said -> attention(facts)
        concat(said, found) -> dense(64, activation=tanh) -> dense(16)
    }

Compiled by seqspec 0.1.0 from the spec days.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


def first_steps(x: keras.KerasTensor, lengths: keras.KerasTensor) -> Any:
    """Which steps of x [B, T] are data: as many of each sample as lengths [B] says."""
    numbers = ops.cumsum(ops.ones_like(x, dtype="int32"), axis=1)
    return ops.less_equal(numbers, ops.expand_dims(lengths, 1))


def build_model() -> keras.Model:
    """written [B, S], written_lengths [B], iso [B, T], iso_lengths [B] -> logits [B, T, 16]"""
    written = keras.Input((None,), dtype="int32", name="written")
    written_lengths = keras.Input((), dtype="int32", name="written_lengths")
    iso = keras.Input((None,), dtype="int32", name="iso")
    iso_lengths = keras.Input((), dtype="int32", name="iso_lengths")
    written_mask = first_steps(written, written_lengths)  # [B, S]
    iso_mask = first_steps(iso, iso_lengths)  # [B, T]
    x = layers.Embedding(60, 32, name="notes_embedding")(written)  # [B, S, 32]
    # [B, S, 96]
    notes, notes_forward_h, notes_backward_h = layers.Bidirectional(
        layers.GRU(48, return_sequences=True, return_state=True), name="notes_bidirectional"
    )(x, mask=written_mask)
    x = layers.Concatenate(name="start_concat")([notes_forward_h, notes_backward_h])  # [B, 96]
    start = layers.Dense(64, activation="tanh", name="start_dense")(x)  # [B, 64]
    x = layers.Embedding(16, 16, name="said_embedding")(iso)  # [B, T, 16]
    # [B, T, 64]
    said, *_ = layers.GRU(64, return_sequences=True, return_state=True, name="said_gru")(
        x, initial_state=start, mask=iso_mask
    )
    facts = layers.Dense(64, name="facts_dense")(notes)  # [B, S, 64]
    # [B, T, 64]
    found = layers.Attention(name="found_attention")([said, facts], mask=[iso_mask, written_mask])
    x = layers.Concatenate(name="concat")([said, found])  # [B, T, 128]
    x = layers.Dense(64, activation="tanh", name="dense")(x)  # [B, T, 64]
    logits = layers.Dense(16, name="dense_1")(x)  # [B, T, 16]
    return keras.Model([written, written_lengths, iso, iso_lengths], logits, name="Days")


# What layers carry from one step to the next, and its shape.
STATE = {"said_gru_h": (64,)}


def build_begin(model: keras.Model) -> keras.Model:
    """What there is before the first step: written [B, S], written_lengths [B] -> memory and
    states
    """
    written = keras.Input((None,), dtype="int32", name="written")
    written_lengths = keras.Input((), dtype="int32", name="written_lengths")
    mask = first_steps(written, written_lengths)  # [B, S]
    x = model.get_layer("notes_embedding")(written)  # [B, S, 32]
    # [B, S, 96]
    notes, notes_forward_h, notes_backward_h = model.get_layer("notes_bidirectional")(x, mask=mask)
    x = layers.Concatenate(name="start_concat")([notes_forward_h, notes_backward_h])  # [B, 96]
    start = model.get_layer("start_dense")(x)  # [B, 64]
    facts = model.get_layer("facts_dense")(notes)  # [B, S, 64]
    return keras.Model(
        [written, written_lengths],
        {"facts": facts, "facts_mask": mask, "said_gru_h": start},
        name="DaysBegin",
    )


def build_step(model: keras.Model) -> keras.Model:
    """One step, or several: iso [B, T], memory and states -> output and states"""
    iso = keras.Input((None,), dtype="int32", name="iso")
    facts = keras.Input((None, 64), name="facts")
    mask = keras.Input((None,), dtype="bool", name="facts_mask")
    said_gru = [keras.Input((64,), name="said_gru_h")]
    x = model.get_layer("said_embedding")(iso)  # [B, T, 16]
    said, said_h = model.get_layer("said_gru")(x, initial_state=said_gru)  # [B, T, 64]
    found = layers.Attention(name="found_attention")([said, facts], mask=[None, mask])  # [B, T, 64]
    x = layers.Concatenate(name="concat")([said, found])  # [B, T, 128]
    x = model.get_layer("dense")(x)  # [B, T, 64]
    x = model.get_layer("dense_1")(x)  # [B, T, 16]
    return keras.Model(
        [iso, facts, mask, *said_gru], {"output": x, "said_gru_h": said_h}, name="DaysStep"
    )
