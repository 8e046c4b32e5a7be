"""The weights of Tagger in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Tagger

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "138a1267dbf82253032a0b0c10378a09b3143d01e9eff74018f7a465b568c6f4",
    "model": "Tagger",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def views(model: Tagger) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "h_embedding/embeddings": state["h_embedding.weight"],
        "h_bidirectional/forward/kernel": state["h_bidirectional.weight_ih_l0"].T,
        "h_bidirectional/forward/recurrent_kernel": state["h_bidirectional.weight_hh_l0"].T,
        "h_bidirectional/forward/bias": state["h_bidirectional.bias_ih_l0"],
        "h_bidirectional/backward/kernel": state["h_bidirectional.weight_ih_l0_reverse"].T,
        "h_bidirectional/backward/recurrent_kernel": state[
            "h_bidirectional.weight_hh_l0_reverse"
        ].T,
        "h_bidirectional/backward/bias": state["h_bidirectional.bias_ih_l0_reverse"],
        "pos_dense/kernel": state["pos_dense.weight"].T,
        "pos_dense/bias": state["pos_dense.bias"],
        "chunk_dense/kernel": state["chunk_dense.weight"].T,
        "chunk_dense/bias": state["chunk_dense.bias"],
    }


def save(model: Tagger, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in views(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Tagger, path: Path) -> dict[str, str]:
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
