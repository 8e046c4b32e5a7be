"""Apart.

    model Apart(text: token(1000)[B, T]) -> (next: float[B, T, 1000], topic: float[B, 5]) {
        read = text -> embedding(16) -> bidirectional(lstm(24), merge_mode=none)
        next = read.forward.sequence -> dense(1000)
        topic = concat(read.forward.last, read.backward.last) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l1_both_ways_apart.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """text [B, T] -> {next [B, T, 1000], topic [B, 5]}"""
    text = keras.Input((None,), dtype="int32", name="text")
    x = layers.Embedding(1000, 16, name="read_embedding")(text)  # [B, T, 16]
    # [B, T, 24] each
    read_forward_sequence, _, read_forward_h, _, read_backward_h, _ = layers.Bidirectional(
        layers.LSTM(24, return_sequences=True, return_state=True),
        merge_mode=None,
        name="read_bidirectional",
    )(x)
    next_ = layers.Dense(1000, name="next_dense")(read_forward_sequence)  # [B, T, 1000]
    x = layers.Concatenate(name="topic_concat")([read_forward_h, read_backward_h])  # [B, 48]
    topic = layers.Dense(5, name="topic_dense")(x)  # [B, 5]
    return keras.Model(text, {"next": next_, "topic": topic}, name="Apart")
