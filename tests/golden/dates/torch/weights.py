"""The weights of Dates in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model import Dates

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "c882da2a685b126d18667aa9ecbb41fa2e83c8110d95066cd5e7814545328628",
    "model": "Dates",
}


class WeightsError(ValueError):
    """A file that does not hold the weights of this model."""


def views(model: Dates) -> dict[str, Tensor]:
    """Each weight by its name in the file, in Keras's layout: kernels are [inputs, outputs]."""
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


def load(model: Dates, path: Path) -> dict[str, str]:
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
