"""What Keras's layers take where nothing is written, by layer."""

from __future__ import annotations

RECURRENT = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "kernel_initializer": "glorot_uniform",
    "recurrent_initializer": "orthogonal",
    "bias_initializer": "zeros",
}
COSTS = dict.fromkeys(
    (
        *("kernel_regularizer", "recurrent_regularizer", "bias_regularizer"),
        *("activity_regularizer",),
        *("kernel_constraint", "recurrent_constraint", "bias_constraint"),
    )
)
RUN = {"dropout": 0.0, "recurrent_dropout": 0.0, "go_backwards": False, "unroll": False}
DENSE = {
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
    **{name: value for name, value in COSTS.items() if not name.startswith("recurrent")},
}
EMBEDDING = {
    "embeddings_initializer": "uniform",
    "embeddings_regularizer": None,
    "activity_regularizer": None,
    "embeddings_constraint": None,
    "trainable": True,
}
LAYER_NORM = {"epsilon": 0.001, "center": True, "scale": True}
GROUP_NORM = {"groups": 32, **LAYER_NORM}
CONV = {"strides": 1, "padding": "valid", "dilation_rate": 1, "groups": 1, **DENSE}
POOLING = {"strides": None, "padding": "valid"}
MULTI_HEAD_ATTENTION = {
    "value_dim": None,
    "dropout": 0.0,
    "use_bias": True,
    "output_shape": None,
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
}
BATCH_NORM = {"momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}
