"""The weights of Days in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Days

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "5560dba84695d739aa928304845ca1736dc4198c3d7a90f504587c7cbf50ec67",
    "model": "Days",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def in_keras_layout(model: Days) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs].

    A GRU's gates stand in the order z, r, h; its two biases are one array, [2, 3 * units].
    """
    state = model.state_dict()
    return {
        "notes_embedding/embeddings": state["notes_embedding.weight"],
        "notes_bidirectional/forward/kernel": swap_gates(
            state["notes_bidirectional.weight_ih_l0"].T
        ),
        "notes_bidirectional/forward/recurrent_kernel": swap_gates(
            state["notes_bidirectional.weight_hh_l0"].T
        ),
        "notes_bidirectional/forward/bias": torch.stack(
            [
                swap_gates(state["notes_bidirectional.bias_ih_l0"]),
                swap_gates(state["notes_bidirectional.bias_hh_l0"]),
            ],
        ),
        "notes_bidirectional/backward/kernel": swap_gates(
            state["notes_bidirectional.weight_ih_l0_reverse"].T
        ),
        "notes_bidirectional/backward/recurrent_kernel": swap_gates(
            state["notes_bidirectional.weight_hh_l0_reverse"].T
        ),
        "notes_bidirectional/backward/bias": torch.stack(
            [
                swap_gates(state["notes_bidirectional.bias_ih_l0_reverse"]),
                swap_gates(state["notes_bidirectional.bias_hh_l0_reverse"]),
            ],
        ),
        "start_dense/kernel": state["start_dense.weight"].T,
        "start_dense/bias": state["start_dense.bias"],
        "said_embedding/embeddings": state["said_embedding.weight"],
        "said_gru/kernel": swap_gates(state["said_gru.weight_ih_l0"].T),
        "said_gru/recurrent_kernel": swap_gates(state["said_gru.weight_hh_l0"].T),
        "said_gru/bias": torch.stack(
            [swap_gates(state["said_gru.bias_ih_l0"]), swap_gates(state["said_gru.bias_hh_l0"])]
        ),
        "facts_dense/kernel": state["facts_dense.weight"].T,
        "facts_dense/bias": state["facts_dense.bias"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
        "dense_1/kernel": state["dense_1.weight"].T,
        "dense_1/bias": state["dense_1.bias"],
    }


def from_keras_layout(model: Days, arrays: dict[str, Tensor]) -> None:
    """Copies weights that `in_keras_layout` could have given into the model."""
    state = model.state_dict()  # its tensors are the model's
    state["notes_embedding.weight"].copy_(arrays["notes_embedding/embeddings"])
    state["notes_bidirectional.weight_ih_l0"].copy_(
        swap_gates(arrays["notes_bidirectional/forward/kernel"]).T
    )
    state["notes_bidirectional.weight_hh_l0"].copy_(
        swap_gates(arrays["notes_bidirectional/forward/recurrent_kernel"]).T
    )
    state["notes_bidirectional.bias_ih_l0"].copy_(
        swap_gates(arrays["notes_bidirectional/forward/bias"][0])
    )
    state["notes_bidirectional.bias_hh_l0"].copy_(
        swap_gates(arrays["notes_bidirectional/forward/bias"][1])
    )
    state["notes_bidirectional.weight_ih_l0_reverse"].copy_(
        swap_gates(arrays["notes_bidirectional/backward/kernel"]).T
    )
    state["notes_bidirectional.weight_hh_l0_reverse"].copy_(
        swap_gates(arrays["notes_bidirectional/backward/recurrent_kernel"]).T
    )
    state["notes_bidirectional.bias_ih_l0_reverse"].copy_(
        swap_gates(arrays["notes_bidirectional/backward/bias"][0])
    )
    state["notes_bidirectional.bias_hh_l0_reverse"].copy_(
        swap_gates(arrays["notes_bidirectional/backward/bias"][1])
    )
    state["start_dense.weight"].copy_(arrays["start_dense/kernel"].T)
    state["start_dense.bias"].copy_(arrays["start_dense/bias"])
    state["said_embedding.weight"].copy_(arrays["said_embedding/embeddings"])
    state["said_gru.weight_ih_l0"].copy_(swap_gates(arrays["said_gru/kernel"]).T)
    state["said_gru.weight_hh_l0"].copy_(swap_gates(arrays["said_gru/recurrent_kernel"]).T)
    state["said_gru.bias_ih_l0"].copy_(swap_gates(arrays["said_gru/bias"][0]))
    state["said_gru.bias_hh_l0"].copy_(swap_gates(arrays["said_gru/bias"][1]))
    state["facts_dense.weight"].copy_(arrays["facts_dense/kernel"].T)
    state["facts_dense.bias"].copy_(arrays["facts_dense/bias"])
    state["dense.weight"].copy_(arrays["dense/kernel"].T)
    state["dense.bias"].copy_(arrays["dense/bias"])
    state["dense_1.weight"].copy_(arrays["dense_1/kernel"].T)
    state["dense_1.bias"].copy_(arrays["dense_1/bias"])


def swap_gates(gates: Tensor) -> Tensor:
    """A GRU's r, z, n of PyTorch as z, r, h of Keras along the last axis, and the other way."""
    first, second, candidate = gates.chunk(3, dim=-1)
    return torch.cat([second, first, candidate], dim=-1)


def save(model: Days, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in in_keras_layout(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Days, path: Path) -> dict[str, str]:
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
