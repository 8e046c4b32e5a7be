"""The weights of Alarm in a safetensors file, for any framework to read.

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
    "spec_sha256": "8b437e1dcfd698bb47911c4e7adc97bdad38da0ada558df22b47f2b2b9265c43",
    "model": "Alarm",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the model by the names they have in a file."""
    patterns_branches_0 = model.get_layer("patterns_branches.0")
    patterns_branches_1 = model.get_layer("patterns_branches.1")
    patterns_branches_2 = model.get_layer("patterns_branches.2")
    lanes_chain_0 = model.get_layer("lanes_chain.0")
    lanes_chain_0_layer_norm = lanes_chain_0.get_layer("layer_norm")
    lanes_chain_0_gru = lanes_chain_0.get_layer("gru").cell
    lanes_chain_1 = model.get_layer("lanes_chain.1")
    lanes_chain_1_layer_norm = lanes_chain_1.get_layer("layer_norm")
    lanes_chain_1_gru = lanes_chain_1.get_layer("gru").cell
    lanes_chain_2 = model.get_layer("lanes_chain.2")
    lanes_chain_2_layer_norm = lanes_chain_2.get_layer("layer_norm")
    lanes_chain_2_gru = lanes_chain_2.get_layer("gru").cell
    lstm = model.get_layer("lstm").cell
    chain_0 = model.get_layer("chain.0")
    chain_1 = model.get_layer("chain.1")
    chain_2 = model.get_layer("chain.2")
    dense = model.get_layer("dense")
    return {
        "patterns_branches.0/kernel": patterns_branches_0.kernel,
        "patterns_branches.0/bias": patterns_branches_0.bias,
        "patterns_branches.1/kernel": patterns_branches_1.kernel,
        "patterns_branches.1/bias": patterns_branches_1.bias,
        "patterns_branches.2/kernel": patterns_branches_2.kernel,
        "patterns_branches.2/bias": patterns_branches_2.bias,
        "lanes_chain.0/layer_norm/gamma": lanes_chain_0_layer_norm.gamma,
        "lanes_chain.0/layer_norm/beta": lanes_chain_0_layer_norm.beta,
        "lanes_chain.0/gru/kernel": lanes_chain_0_gru.kernel,
        "lanes_chain.0/gru/recurrent_kernel": lanes_chain_0_gru.recurrent_kernel,
        "lanes_chain.0/gru/bias": lanes_chain_0_gru.bias,
        "lanes_chain.1/layer_norm/gamma": lanes_chain_1_layer_norm.gamma,
        "lanes_chain.1/layer_norm/beta": lanes_chain_1_layer_norm.beta,
        "lanes_chain.1/gru/kernel": lanes_chain_1_gru.kernel,
        "lanes_chain.1/gru/recurrent_kernel": lanes_chain_1_gru.recurrent_kernel,
        "lanes_chain.1/gru/bias": lanes_chain_1_gru.bias,
        "lanes_chain.2/layer_norm/gamma": lanes_chain_2_layer_norm.gamma,
        "lanes_chain.2/layer_norm/beta": lanes_chain_2_layer_norm.beta,
        "lanes_chain.2/gru/kernel": lanes_chain_2_gru.kernel,
        "lanes_chain.2/gru/recurrent_kernel": lanes_chain_2_gru.recurrent_kernel,
        "lanes_chain.2/gru/bias": lanes_chain_2_gru.bias,
        "lstm/kernel": lstm.kernel,
        "lstm/recurrent_kernel": lstm.recurrent_kernel,
        "lstm/bias": lstm.bias,
        "chain.0/kernel": chain_0.kernel,
        "chain.0/bias": chain_0.bias,
        "chain.1/kernel": chain_1.kernel,
        "chain.1/bias": chain_1.bias,
        "chain.2/kernel": chain_2.kernel,
        "chain.2/bias": chain_2.bias,
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
