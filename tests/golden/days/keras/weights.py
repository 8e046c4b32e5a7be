"""The weights of Days in a safetensors file, for any framework to read.

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
    "spec_sha256": "5560dba84695d739aa928304845ca1736dc4198c3d7a90f504587c7cbf50ec67",
    "model": "Days",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the model by the names they have in a file."""
    notes_embedding = model.get_layer("notes_embedding")
    notes_forward = model.get_layer("notes_bidirectional").forward_layer.cell
    notes_backward = model.get_layer("notes_bidirectional").backward_layer.cell
    start_dense = model.get_layer("start_dense")
    said_embedding = model.get_layer("said_embedding")
    said_gru = model.get_layer("said_gru").cell
    facts_dense = model.get_layer("facts_dense")
    dense = model.get_layer("dense")
    dense_1 = model.get_layer("dense_1")
    return {
        "notes_embedding/embeddings": notes_embedding.embeddings,
        "notes_bidirectional/forward/kernel": notes_forward.kernel,
        "notes_bidirectional/forward/recurrent_kernel": notes_forward.recurrent_kernel,
        "notes_bidirectional/forward/bias": notes_forward.bias,
        "notes_bidirectional/backward/kernel": notes_backward.kernel,
        "notes_bidirectional/backward/recurrent_kernel": notes_backward.recurrent_kernel,
        "notes_bidirectional/backward/bias": notes_backward.bias,
        "start_dense/kernel": start_dense.kernel,
        "start_dense/bias": start_dense.bias,
        "said_embedding/embeddings": said_embedding.embeddings,
        "said_gru/kernel": said_gru.kernel,
        "said_gru/recurrent_kernel": said_gru.recurrent_kernel,
        "said_gru/bias": said_gru.bias,
        "facts_dense/kernel": facts_dense.kernel,
        "facts_dense/bias": facts_dense.bias,
        "dense/kernel": dense.kernel,
        "dense/bias": dense.bias,
        "dense_1/kernel": dense_1.kernel,
        "dense_1/bias": dense_1.bias,
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
