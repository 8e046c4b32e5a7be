"""The weights of Book in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Book, BookState

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "d70b5b4b8d0b092050a9b83eac49128c2e1c4894b7a6615be9532668a81ada37",
    "model": "Book",
}
CARRIED = ("state/gru/h",)  # what is carried from batch to batch, in the order of the model


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def in_keras_layout(model: Book) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs].

    A GRU's gates stand in the order z, r, h; its two biases are one array, [2, 3 * units].
    """
    state = model.state_dict()
    return {
        "embedding/embeddings": state["embedding.weight"],
        "gru/kernel": swap_gates(state["gru.weight_ih_l0"].T),
        "gru/recurrent_kernel": swap_gates(state["gru.weight_hh_l0"].T),
        "gru/bias": torch.stack(
            [swap_gates(state["gru.bias_ih_l0"]), swap_gates(state["gru.bias_hh_l0"])]
        ),
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def from_keras_layout(model: Book, arrays: dict[str, Tensor]) -> None:
    """Copies weights that `in_keras_layout` could have given into the model."""
    state = model.state_dict()  # its tensors are the model's
    state["embedding.weight"].copy_(arrays["embedding/embeddings"])
    state["gru.weight_ih_l0"].copy_(swap_gates(arrays["gru/kernel"]).T)
    state["gru.weight_hh_l0"].copy_(swap_gates(arrays["gru/recurrent_kernel"]).T)
    state["gru.bias_ih_l0"].copy_(swap_gates(arrays["gru/bias"][0]))
    state["gru.bias_hh_l0"].copy_(swap_gates(arrays["gru/bias"][1]))
    state["dense.weight"].copy_(arrays["dense/kernel"].T)
    state["dense.bias"].copy_(arrays["dense/bias"])


def swap_gates(gates: Tensor) -> Tensor:
    """A GRU's r, z, n of PyTorch as z, r, h of Keras along the last axis, and the other way."""
    first, second, candidate = gates.chunk(3, dim=-1)
    return torch.cat([second, first, candidate], dim=-1)


def save(
    model: Book,
    path: Path,
    metadata: dict[str, str] | None = None,
    *,
    state: BookState | None = None,
) -> None:
    """Writes the weights and the state of each lane. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in in_keras_layout(model).items()}
    if state is not None:
        tensors = zip(CARRIED, state, strict=True)
        arrays |= {name: tensor.cpu().contiguous() for name, tensor in tensors}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Book, path: Path) -> dict[str, str]:
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
    if extra := sorted(arrays.keys() - wanted.keys() - {*CARRIED}):
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
