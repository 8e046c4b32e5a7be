"""The weights of Hourly in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Hourly, HourlyState

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "ccf03b3bb2abb8433b06dffb7c63b2ae1e070a90fa7e8597b1b04ec3251063f2",
    "model": "Hourly",
}
# what is carried from batch to batch, in the order of the model
CARRIED = ("state/change_lstm/h", "state/change_lstm/c")


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def views(model: Hourly) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "change_lstm/kernel": state["change_lstm.weight_ih_l0"].T,
        "change_lstm/recurrent_kernel": state["change_lstm.weight_hh_l0"].T,
        "change_lstm/bias": state["change_lstm.bias_ih_l0"],
        "change_dense/kernel": state["change_dense.weight"].T,
        "change_dense/bias": state["change_dense.bias"],
    }


def save(
    model: Hourly,
    path: Path,
    metadata: dict[str, str] | None = None,
    *,
    state: HourlyState | None = None,
) -> None:
    """Writes the weights and the state of each lane. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in views(model).items()}
    if state is not None:
        tensors = zip(CARRIED, state, strict=True)
        arrays |= {name: tensor.cpu().contiguous() for name, tensor in tensors}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Hourly, path: Path) -> dict[str, str]:
    """Reads weights into the model and returns the file's metadata.

    Raises WeightsError, and changes nothing, if the file does not fit the model. The spec may have
    changed since: names and shapes decide, not `spec_sha256`.
    """
    arrays, metadata = read(path)
    wanted = views(model)
    for name, tensor in wanted.items():
        if name not in arrays:
            raise WeightsError(f"{path} has no {name!r}: it holds the weights of another model")
        if arrays[name].shape != tensor.shape:
            raise WeightsError(
                f"{path}: {name!r} has the shape {list(arrays[name].shape)}, "
                f"the model needs {list(tensor.shape)}"
            )
    if extra := sorted(arrays.keys() - wanted.keys() - {*CARRIED}):
        raise WeightsError(f"{path} has {extra[0]!r}, which the model does not have")
    for name, view in wanted.items():
        view.copy_(arrays[name])
    return metadata


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The arrays and the metadata of a weights file."""
    if not path.is_file():
        raise WeightsError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a weights file: {error}") from None
    for key in ("format", "format_version", "model"):
        if metadata.get(key) != FORMAT[key]:
            raise WeightsError(f"{path} has the {key} {metadata.get(key)!r}, not {FORMAT[key]!r}")
    return arrays, metadata
