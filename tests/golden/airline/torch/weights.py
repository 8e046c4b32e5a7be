"""The weights of Airline in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model import Airline

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "28594633a1245319cb15fbcb7e9f31a82adbab04b20672c288b9d2bbf58db66e",
    "model": "Airline",
}


class WeightsError(ValueError):
    """A file that does not hold the weights of this model."""


def views(model: Airline) -> dict[str, Tensor]:
    """Each weight by its name in the file, in Keras's layout: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "linear_dense/kernel": state["linear_dense.weight"].T,
        "linear_dense/bias": state["linear_dense.bias"],
        "rest_lstm/kernel": state["rest_lstm.weight_ih_l0"].T,
        "rest_lstm/recurrent_kernel": state["rest_lstm.weight_hh_l0"].T,
        "rest_lstm/bias": state["rest_lstm.bias_ih_l0"],
        "rest_dense/kernel": state["rest_dense.weight"].T,
        "rest_dense/bias": state["rest_dense.bias"],
    }


def save(model: Airline, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights; what was at ``path`` stays until the new file is complete."""
    arrays = {name: view.cpu().contiguous() for name, view in views(model).items()}
    partial = path.with_name(f"{path.name}.partial")
    try:
        save_file(arrays, partial, metadata={**FORMAT, **(metadata or {})})
        os.replace(partial, path)
    except SafetensorError as error:
        raise WeightsError(f"{path} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def load(model: Airline, path: Path) -> dict[str, str]:
    """Reads weights into the model, all or none, and gives the metadata kept with them."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise WeightsError(f"{path} is not a weights file: {error}") from error
    for key in ("format", "format_version"):
        if metadata.get(key) != FORMAT[key]:
            raise WeightsError(f"{path}: {key} is {metadata.get(key)!r}, not {FORMAT[key]!r}")
    ours = views(model)
    if arrays.keys() != ours.keys():
        missing = ", ".join(sorted(ours.keys() - arrays.keys())) or "none"
        unknown = ", ".join(sorted(arrays.keys() - ours.keys())) or "none"
        raise WeightsError(f"{path} is of another model: missing {missing}; unknown {unknown}")
    for name in ours:
        found, needed = tuple(arrays[name].shape), tuple(ours[name].shape)
        if found != needed:
            raise WeightsError(f"{path}: {name} has the shape {found}, not {needed}")
    for name, view in ours.items():
        view.copy_(arrays[name])
    return metadata
