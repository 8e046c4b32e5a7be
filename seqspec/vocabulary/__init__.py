"""The vocabulary of the language: every word, declared once."""

from __future__ import annotations

from seqspec.vocabulary import data, feedforward, recurrent, shaping, training
from seqspec.vocabulary.activations import ACTIVATIONS
from seqspec.vocabulary.initializers import INITIALIZERS
from seqspec.vocabulary.sections import SECTIONS
from seqspec.vocabulary.spec import Entry, LayerSpec

#: All layers, in the order of the documentation.
LAYERS: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        feedforward.EMBEDDING,
        feedforward.DENSE,
        feedforward.ACTIVATION_LAYER,
        feedforward.SOFTMAX,
        recurrent.LSTM,
        recurrent.GRU,
        recurrent.SIMPLE_RNN,
        recurrent.BIDIRECTIONAL,
        feedforward.EACH,
        shaping.REPEAT,
        shaping.FLATTEN,
        shaping.CONCAT,
        shaping.ADD,
        feedforward.DROPOUT,
        feedforward.BATCH_NORM,
    )
}

#: All other words, by category.
ENTRIES: dict[str, dict[str, Entry]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "loss": training.LOSSES,
    "metric": training.METRICS,
    "optimizer": training.OPTIMIZERS,
    "stop": training.STOPS,
    "reader": data.READERS,
    "split": data.SPLITS,
    "scaling": data.SCALINGS,
    "windows": data.WINDOWS,
    "target": data.TARGETS,
}

__all__ = ["ENTRIES", "LAYERS", "SECTIONS"]
