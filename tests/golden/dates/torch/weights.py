"""The weights of Dates in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Dates

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "825dcc935c4f300baf9a09271500b004eee8d0871744388db94d8fe69a6a7e75",
    "model": "Dates",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def views(model: Dates) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "encoder_embedding/embeddings": state["encoder_embedding.weight"],
        "encoder_lstm/kernel": state["encoder_lstm.weight_ih_l0"].T,
        "encoder_lstm/recurrent_kernel": state["encoder_lstm.weight_hh_l0"].T,
        "encoder_lstm/bias": state["encoder_lstm.bias_ih_l0"],
        "decoder_embedding/embeddings": state["decoder_embedding.weight"],
        "decoder_lstm/kernel": state["decoder_lstm.weight_ih_l0"].T,
        "decoder_lstm/recurrent_kernel": state["decoder_lstm.weight_hh_l0"].T,
        "decoder_lstm/bias": state["decoder_lstm.bias_ih_l0"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def save(model: Dates, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in views(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Dates, path: Path) -> dict[str, str]:
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
    if extra := sorted(arrays.keys() - wanted.keys()):
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
