"""The weights of Dates in a safetensors file, for any framework to read.

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
    "spec_sha256": "825dcc935c4f300baf9a09271500b004eee8d0871744388db94d8fe69a6a7e75",
    "model": "Dates",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the model by the names they have in a file."""
    encoder_embedding = model.get_layer("encoder_embedding")
    encoder_lstm = model.get_layer("encoder_lstm").cell
    decoder_embedding = model.get_layer("decoder_embedding")
    decoder_lstm = model.get_layer("decoder_lstm").cell
    dense = model.get_layer("dense")
    return {
        "encoder_embedding/embeddings": encoder_embedding.embeddings,
        "encoder_lstm/kernel": encoder_lstm.kernel,
        "encoder_lstm/recurrent_kernel": encoder_lstm.recurrent_kernel,
        "encoder_lstm/bias": encoder_lstm.bias,
        "decoder_embedding/embeddings": decoder_embedding.embeddings,
        "decoder_lstm/kernel": decoder_lstm.kernel,
        "decoder_lstm/recurrent_kernel": decoder_lstm.recurrent_kernel,
        "decoder_lstm/bias": decoder_lstm.bias,
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
