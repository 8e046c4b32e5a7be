"""Sleep.

    model Sleep(breath: float[B, 300, 3]) -> float[B, 4] {
        breath -> gru(16) -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs Keras 3 with TensorFlow, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import keras
from keras import layers


def build_model() -> keras.Model:
    """breath [B, 300, 3] -> logits [B, 4]"""
    breath = keras.Input((300, 3), name="breath")
    x = layers.GRU(16, name="gru")(breath)  # [B, 16], the last step
    logits = layers.Dense(4, name="dense")(x)  # [B, 4]
    return keras.Model(breath, logits, name="Sleep")
