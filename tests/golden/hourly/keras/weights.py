"""The weights of Hourly in a safetensors file, for any framework to read.

The arrays are float32, named and laid out as in Keras; metadata says what they belong to.
"""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from model import CARRIED

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "ccf03b3bb2abb8433b06dffb7c63b2ae1e070a90fa7e8597b1b04ec3251063f2",
    "model": "Hourly",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of the model by the names they have in a file."""
    change_lstm = model.get_layer("change_lstm").cell
    change_dense = model.get_layer("change_dense")
    return {
        "change_lstm/kernel": change_lstm.kernel,
        "change_lstm/recurrent_kernel": change_lstm.recurrent_kernel,
        "change_lstm/bias": change_lstm.bias,
        "change_dense/kernel": change_dense.kernel,
        "change_dense/bias": change_dense.bias,
    }


def save(
    model: keras.Model,
    path: Path,
    metadata: dict[str, str] | None = None,
    *,
    state: list[np.ndarray] | None = None,
) -> None:
    """Writes the weights and the state of each lane. The file appears whole or not at all."""
    arrays = {
        name: np.asarray(variable.numpy(), dtype=np.float32, order="C")
        for name, variable in variables(model).items()
    }
    if state is not None:
        arrays |= dict(zip(CARRIED, map(np.ascontiguousarray, state), strict=True))
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
    if extra := sorted(arrays.keys() - wanted.keys() - {*CARRIED}):
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
