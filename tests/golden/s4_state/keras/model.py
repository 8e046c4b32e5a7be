"""Handover.

    encoder Read(past: float[B, S, 3]) -> (state: lstm(8)) {
        weight h: float[8] = zeros(), c: float[8] = zeros()
        seen = past -> lstm(8, initial=[h, c])
        state = seen.state
    }

    decoder Go(future: float[B, T, 2], start: lstm(8)) -> float[B, T, 8] {
        future -> lstm(8, initial=start, return=sequence)
    }

    model Handover(past: float[B, S, 3], place: float[B, 4], future: float[B, T, 2]) -> float[B, T,
        1] {
        weight back: float[6] = zeros()
        read = past -> Read
        bridge = place -> dense(6, activation=tanh)
        told = future -> bidirectional(gru(6, return=sequence), initial=[bridge, back])
        concat(future -> Go(start=read), told) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s4_state.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class Weight(layers.Layer):
    """A weight of the model's own: it gives that, whatever it is called with."""

    def __init__(self, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: Any = None) -> None:
        self.value = self.add_weight(name="value", shape=self.shape, initializer=self.initializer)

    def call(self, x: Any) -> Any:
        return ops.convert_to_tensor(self.value)

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "shape": self.shape, "initializer": initializer}


def build_read(name: str) -> keras.Model:
    """past [B, S, 3] -> h [B, 8], c [B, 8]"""
    past = keras.Input((None, 3), name="past")
    h = Weight((8,), "zeros", name="h")(past)  # [8]
    c = Weight((8,), "zeros", name="c")(past)  # [8]
    # h [B, 8], c [B, 8]
    _, *seen_state = layers.LSTM(8, return_state=True, name="seen_lstm")(
        past, initial_state=[ops.zeros_like(past[:, 0, :1]) + h, ops.zeros_like(past[:, 0, :1]) + c]
    )
    return keras.Model(past, seen_state, name=name)


def build_go(name: str) -> keras.Model:
    """future [B, T, 2], start h [B, 8], c [B, 8] -> [B, T, 8]"""
    future = keras.Input((None, 2), name="future")
    start = [keras.Input((8,), name="start_h"), keras.Input((8,), name="start_c")]
    x = layers.LSTM(8, return_sequences=True, name="lstm")(future, initial_state=start)  # [B, T, 8]
    return keras.Model([future, *start], x, name=name)


def build_model() -> keras.Model:
    """past [B, S, 3], place [B, 4], future [B, T, 2] -> [B, T, 1]"""
    past = keras.Input((None, 3), name="past")
    place = keras.Input((4,), name="place")
    future = keras.Input((None, 2), name="future")
    back = Weight((6,), "zeros", name="back")(past)  # [6]
    read = build_read(name="read")(past)  # h [B, 8], c [B, 8]
    bridge = layers.Dense(6, activation="tanh", name="bridge_dense")(place)  # [B, 6]
    # [B, T, 12]
    told = layers.Bidirectional(layers.GRU(6, return_sequences=True), name="told_bidirectional")(
        future, initial_state=[bridge, ops.zeros_like(future[:, 0, :1]) + back]
    )
    x = build_go(name="go")([future, *read])  # [B, T, 8]
    x = layers.Concatenate(name="concat")([x, told])  # [B, T, 20]
    x = layers.Dense(1, name="dense")(x)  # [B, T, 1]
    return keras.Model([past, place, future], x, name="Handover")
