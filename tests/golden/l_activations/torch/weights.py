"""The weights of Bent in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Bent

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "d9fa338bc9b219c90a55e865f5b443af98a9271d7c5d6f4110085e0d5553bb6e",
    "model": "Bent",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def in_keras_layout(model: Bent) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs].

    A GRU's two biases are one array, [2, 3 * units].
    """
    state = model.state_dict()
    return {
        "h_dense/kernel": state["h_dense.weight"].T,
        "h_dense/bias": state["h_dense.bias"],
        "h_gru/kernel": state["h_gru.kernel.weight"].T,
        "h_gru/recurrent_kernel": state["h_gru.recurrent_kernel.weight"].T,
        "h_gru/bias": torch.stack(
            [state["h_gru.kernel.bias"], state["h_gru.recurrent_kernel.bias"]]
        ),
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
        "dense_1/kernel": state["dense_1.weight"].T,
        "dense_1/bias": state["dense_1.bias"],
    }


def from_keras_layout(model: Bent, arrays: dict[str, Tensor]) -> None:
    """Copies weights that `in_keras_layout` could have given into the model."""
    state = model.state_dict()  # its tensors are the model's
    state["h_dense.weight"].copy_(arrays["h_dense/kernel"].T)
    state["h_dense.bias"].copy_(arrays["h_dense/bias"])
    state["h_gru.kernel.weight"].copy_(arrays["h_gru/kernel"].T)
    state["h_gru.recurrent_kernel.weight"].copy_(arrays["h_gru/recurrent_kernel"].T)
    state["h_gru.kernel.bias"].copy_(arrays["h_gru/bias"][0])
    state["h_gru.recurrent_kernel.bias"].copy_(arrays["h_gru/bias"][1])
    state["dense.weight"].copy_(arrays["dense/kernel"].T)
    state["dense.bias"].copy_(arrays["dense/bias"])
    state["dense_1.weight"].copy_(arrays["dense_1/kernel"].T)
    state["dense_1.bias"].copy_(arrays["dense_1/bias"])


def save(model: Bent, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in in_keras_layout(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Bent, path: Path) -> dict[str, str]:
    """Reads weights into the model and returns the file's metadata.

    Raises WeightsError, and changes nothing, if the file does not fit the model. The spec may have
    changed since: names and shapes decide, not `spec_sha256`.
    """
    arrays, metadata = read(path)
    wanted = in_keras_layout(model)
    for name, tensor in wanted.items():
        if name not in arrays:
            raise WeightsError(f"{path} has no {name!r}: it holds the weights of another model")
        if arrays[name].shape != tensor.shape:
            raise WeightsError(
                f"{path}: {name!r} has the shape {list(arrays[name].shape)}, "
                f"the model needs {list(tensor.shape)}"
            )
    if extra := sorted(arrays.keys() - wanted.keys()):
        raise WeightsError(f"{path} has {extra[0]!r}, which the model does not have")
    from_keras_layout(model, arrays)
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
