"""The vocabulary of the language: every word, declared once."""

from __future__ import annotations

from seqspec.vocabulary import (
    attention,
    data,
    feedforward,
    generation,
    images,
    joining,
    optimizers,
    recurrent,
    sequences,
    shaping,
    training,
    windows,
)
from seqspec.vocabulary.activations import ACTIVATIONS
from seqspec.vocabulary.constraints import CONSTRAINTS
from seqspec.vocabulary.initializers import INITIALIZERS
from seqspec.vocabulary.regularizers import REGULARIZERS
from seqspec.vocabulary.sections import SECTIONS
from seqspec.vocabulary.spec import Entry, LayerSpec

#: All layers, in the order of the documentation.
LAYERS: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        feedforward.EMBEDDING,
        feedforward.ONE_HOT,
        feedforward.DENSE,
        feedforward.ACTIVATION_LAYER,
        feedforward.SOFTMAX,
        recurrent.LSTM,
        recurrent.GRU,
        recurrent.SIMPLE_RNN,
        recurrent.BIDIRECTIONAL,
        feedforward.EACH,
        feedforward.CHAIN,
        feedforward.BRANCHES,
        windows.CONV_1D,
        windows.MAX_POOLING_1D,
        windows.AVERAGE_POOLING_1D,
        windows.GLOBAL_MAX_POOLING_1D,
        windows.GLOBAL_AVERAGE_POOLING_1D,
        windows.UPSAMPLING_1D,
        images.CONV_2D,
        images.MAX_POOLING_2D,
        images.AVERAGE_POOLING_2D,
        images.GLOBAL_MAX_POOLING_2D,
        images.GLOBAL_AVERAGE_POOLING_2D,
        images.CROPPING_2D,
        images.ZERO_PADDING_2D,
        attention.ATTENTION,
        attention.ADDITIVE_ATTENTION,
        attention.MULTI_HEAD_ATTENTION,
        shaping.REPEAT,
        shaping.FLATTEN,
        shaping.RESHAPE,
        shaping.PERMUTE,
        shaping.REVERSE,
        shaping.CROPPING_1D,
        shaping.ZERO_PADDING_1D,
        joining.CONCAT,
        joining.ADD,
        joining.SUBTRACT,
        joining.MULTIPLY,
        joining.AVERAGE,
        joining.MAXIMUM,
        joining.MINIMUM,
        feedforward.DROPOUT,
        feedforward.SPATIAL_DROPOUT,
        feedforward.GAUSSIAN_NOISE,
        feedforward.BATCH_NORM,
        feedforward.LAYER_NORM,
        feedforward.GROUP_NORM,
    )
}

#: All other words, by category.
ENTRIES: dict[str, dict[str, Entry]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
    "loss": training.LOSSES,
    "metric": training.METRICS,
    "optimizer": optimizers.OPTIMIZERS,
    "schedule": optimizers.SCHEDULES,
    "reduction": optimizers.REDUCTIONS,
    "stop": training.STOPS,
    "reset": training.RESETS,
    "reader": {**data.READERS, **sequences.TEXT_READERS},
    "split": data.SPLITS,
    "scaling": data.SCALINGS,
    "augmentation": data.AUGMENTATIONS,
    "windows": data.WINDOWS,
    "tokens": sequences.TOKENS,
    "batches": sequences.BATCHES,
    "target": data.TARGETS,
    "pick": generation.PICKS,
}

__all__ = ["ENTRIES", "LAYERS", "SECTIONS"]
