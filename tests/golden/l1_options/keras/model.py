"""Options.

    model Options(readings: float[B, 12, 5]) -> float[B, 12, 6] {
        masked = readings -> lstm(16, dropout=0.2, return=sequence)
        looped = masked -> gru(16, dropout=0.2, recurrent_dropout=0.3, return=sequence)
        both = looped -> bidirectional(gru(8, dropout=0.1, return=sequence))
        behind = both -> simple_rnn(8, go_backwards=true, unroll=true, return=sequence) -> reverse
        concat(both, behind) -> lstm(8, recurrent_activation=hard_sigmoid, return=sequence) ->
            dense(6)
    }

Compiled by seqspec 0.1.0 from the spec l1_options.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers, ops


class Reverse(layers.Layer):
    """The steps in reverse order: [B, T, ...] -> [B, T, ...]"""

    def call(self, x: keras.KerasTensor):
        return ops.flip(x, axis=1)


def build_model() -> keras.Model:
    """readings [B, 12, 5] -> [B, 12, 6]"""
    readings = keras.Input((12, 5), name="readings")
    # [B, 12, 16]
    masked = layers.LSTM(16, dropout=0.2, return_sequences=True, name="masked_lstm")(readings)
    # [B, 12, 16]
    looped = layers.GRU(
        16, dropout=0.2, recurrent_dropout=0.3, return_sequences=True, name="looped_gru"
    )(masked)
    # [B, 12, 16]
    both = layers.Bidirectional(
        layers.GRU(8, dropout=0.1, return_sequences=True), name="both_bidirectional"
    )(looped)
    # [B, 12, 8]
    x = layers.SimpleRNN(
        8, go_backwards=True, unroll=True, return_sequences=True, name="behind_simple_rnn"
    )(both)
    behind = Reverse(name="behind_reverse")(x)  # [B, 12, 8]
    x = layers.Concatenate(name="concat")([both, behind])  # [B, 12, 24]
    # [B, 12, 8]
    x = layers.LSTM(8, recurrent_activation="hard_sigmoid", return_sequences=True, name="lstm")(x)
    x = layers.Dense(6, name="dense")(x)  # [B, 12, 6]
    return keras.Model(readings, x, name="Options")
