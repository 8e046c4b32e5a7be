"""The weights of Signal in a safetensors file, for any framework to read.

The arrays are float32, named and laid out as in Keras; metadata says what they belong to.
"""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "f7dec5418c3ff29b9a6c68a6b649ce2dadf32c7f6d75f6f67121ab7b098551c7",
    "model": "Signal",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the model by the names they have in a file."""
    conv_1d = model.get_layer("conv_1d")
    conv_1d_1 = model.get_layer("conv_1d_1")
    block = model.get_layer("block")
    block_layer_norm = block.get_layer("layer_norm")
    attention = block.get_layer("multi_head_attention")
    block_wide_layer_norm = block.get_layer("wide_layer_norm")
    block_wide_dense = block.get_layer("wide_dense")
    block_wide_dense_1 = block.get_layer("wide_dense_1")
    block_1 = model.get_layer("block_1")
    block_1_layer_norm = block_1.get_layer("layer_norm")
    attention_ = block_1.get_layer("multi_head_attention")
    block_1_wide_layer_norm = block_1.get_layer("wide_layer_norm")
    block_1_wide_dense = block_1.get_layer("wide_dense")
    block_1_wide_dense_1 = block_1.get_layer("wide_dense_1")
    dense = model.get_layer("dense")
    return {
        "conv_1d/kernel": conv_1d.kernel,
        "conv_1d/bias": conv_1d.bias,
        "conv_1d_1/kernel": conv_1d_1.kernel,
        "conv_1d_1/bias": conv_1d_1.bias,
        "block/layer_norm/gamma": block_layer_norm.gamma,
        "block/layer_norm/beta": block_layer_norm.beta,
        "block/multi_head_attention/query/kernel": attention.query_dense.kernel,
        "block/multi_head_attention/query/bias": attention.query_dense.bias,
        "block/multi_head_attention/key/kernel": attention.key_dense.kernel,
        "block/multi_head_attention/key/bias": attention.key_dense.bias,
        "block/multi_head_attention/value/kernel": attention.value_dense.kernel,
        "block/multi_head_attention/value/bias": attention.value_dense.bias,
        "block/multi_head_attention/attention_output/kernel": attention.output_dense.kernel,
        "block/multi_head_attention/attention_output/bias": attention.output_dense.bias,
        "block/wide_layer_norm/gamma": block_wide_layer_norm.gamma,
        "block/wide_layer_norm/beta": block_wide_layer_norm.beta,
        "block/wide_dense/kernel": block_wide_dense.kernel,
        "block/wide_dense/bias": block_wide_dense.bias,
        "block/wide_dense_1/kernel": block_wide_dense_1.kernel,
        "block/wide_dense_1/bias": block_wide_dense_1.bias,
        "block_1/layer_norm/gamma": block_1_layer_norm.gamma,
        "block_1/layer_norm/beta": block_1_layer_norm.beta,
        "block_1/multi_head_attention/query/kernel": attention_.query_dense.kernel,
        "block_1/multi_head_attention/query/bias": attention_.query_dense.bias,
        "block_1/multi_head_attention/key/kernel": attention_.key_dense.kernel,
        "block_1/multi_head_attention/key/bias": attention_.key_dense.bias,
        "block_1/multi_head_attention/value/kernel": attention_.value_dense.kernel,
        "block_1/multi_head_attention/value/bias": attention_.value_dense.bias,
        "block_1/multi_head_attention/attention_output/kernel": attention_.output_dense.kernel,
        "block_1/multi_head_attention/attention_output/bias": attention_.output_dense.bias,
        "block_1/wide_layer_norm/gamma": block_1_wide_layer_norm.gamma,
        "block_1/wide_layer_norm/beta": block_1_wide_layer_norm.beta,
        "block_1/wide_dense/kernel": block_1_wide_dense.kernel,
        "block_1/wide_dense/bias": block_1_wide_dense.bias,
        "block_1/wide_dense_1/kernel": block_1_wide_dense_1.kernel,
        "block_1/wide_dense_1/bias": block_1_wide_dense_1.bias,
        "dense/kernel": dense.kernel,
        "dense/bias": dense.bias,
    }


def save(model: keras.Model, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {
        name: np.asarray(variable.numpy(), dtype=np.float32, order="C")
        for name, variable in variables(model).items()
    }
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.numpy.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: keras.Model, path: Path) -> dict[str, str]:
    """Reads weights into the model and returns the file's metadata.

    Raises WeightsError, and changes nothing, if the file does not fit the model.
    """
    arrays, metadata = read(path)
    wanted = variables(model)
    for name, variable in wanted.items():
        if name not in arrays:
            raise WeightsError(f"{path} has no {name!r}: it holds the weights of another model")
        if arrays[name].shape != tuple(variable.shape):
            raise WeightsError(
                f"{path}: {name!r} has the shape {list(arrays[name].shape)}, "
                f"the model needs {list(variable.shape)}"
            )
    if extra := sorted(arrays.keys() - wanted.keys()):
        raise WeightsError(f"{path} has {extra[0]!r}, which the model does not have")
    for name, variable in wanted.items():
        variable.assign(arrays[name].astype(np.float32))
    return metadata


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the metadata of a weights file."""
    if not path.is_file():
        raise WeightsError(f"there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a weights file: {error}") from None
    for key in ("format", "format_version", "model"):
        if metadata.get(key) != FORMAT[key]:
            raise WeightsError(f"{path} has the {key} {metadata.get(key)!r}, not {FORMAT[key]!r}")
    return arrays, metadata
