"""The weights of Options in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Options

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "463e0ee28824ab4e849efb27c5864c5c581b5a75efb55c85a2be520bb64d92a7",
    "model": "Options",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def in_keras_layout(model: Options) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs].

    A GRU's gates stand in the order z, r, h; its two biases are one array, [2, 3 * units].
    """
    state = model.state_dict()
    return {
        "masked_lstm/kernel": state["masked_lstm.weight_ih_l0"].T,
        "masked_lstm/recurrent_kernel": state["masked_lstm.weight_hh_l0"].T,
        "masked_lstm/bias": state["masked_lstm.bias_ih_l0"],
        "looped_gru/kernel": state["looped_gru.kernel.weight"].T,
        "looped_gru/recurrent_kernel": state["looped_gru.recurrent_kernel.weight"].T,
        "looped_gru/bias": torch.stack(
            [state["looped_gru.kernel.bias"], state["looped_gru.recurrent_kernel.bias"]]
        ),
        "both_bidirectional/forward/kernel": swap_gates(
            state["both_bidirectional_forward.weight_ih_l0"].T
        ),
        "both_bidirectional/forward/recurrent_kernel": swap_gates(
            state["both_bidirectional_forward.weight_hh_l0"].T
        ),
        "both_bidirectional/forward/bias": torch.stack(
            [
                swap_gates(state["both_bidirectional_forward.bias_ih_l0"]),
                swap_gates(state["both_bidirectional_forward.bias_hh_l0"]),
            ],
        ),
        "both_bidirectional/backward/kernel": swap_gates(
            state["both_bidirectional_backward.weight_ih_l0"].T
        ),
        "both_bidirectional/backward/recurrent_kernel": swap_gates(
            state["both_bidirectional_backward.weight_hh_l0"].T
        ),
        "both_bidirectional/backward/bias": torch.stack(
            [
                swap_gates(state["both_bidirectional_backward.bias_ih_l0"]),
                swap_gates(state["both_bidirectional_backward.bias_hh_l0"]),
            ],
        ),
        "behind_simple_rnn/kernel": state["behind_simple_rnn.weight_ih_l0"].T,
        "behind_simple_rnn/recurrent_kernel": state["behind_simple_rnn.weight_hh_l0"].T,
        "behind_simple_rnn/bias": state["behind_simple_rnn.bias_ih_l0"],
        "lstm/kernel": state["lstm.kernel.weight"].T,
        "lstm/recurrent_kernel": state["lstm.recurrent_kernel.weight"].T,
        "lstm/bias": state["lstm.kernel.bias"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def from_keras_layout(model: Options, arrays: dict[str, Tensor]) -> None:
    """Copies weights that `in_keras_layout` could have given into the model."""
    state = model.state_dict()  # its tensors are the model's
    state["masked_lstm.weight_ih_l0"].copy_(arrays["masked_lstm/kernel"].T)
    state["masked_lstm.weight_hh_l0"].copy_(arrays["masked_lstm/recurrent_kernel"].T)
    state["masked_lstm.bias_ih_l0"].copy_(arrays["masked_lstm/bias"])
    state["looped_gru.kernel.weight"].copy_(arrays["looped_gru/kernel"].T)
    state["looped_gru.recurrent_kernel.weight"].copy_(arrays["looped_gru/recurrent_kernel"].T)
    state["looped_gru.kernel.bias"].copy_(arrays["looped_gru/bias"][0])
    state["looped_gru.recurrent_kernel.bias"].copy_(arrays["looped_gru/bias"][1])
    state["both_bidirectional_forward.weight_ih_l0"].copy_(
        swap_gates(arrays["both_bidirectional/forward/kernel"]).T
    )
    state["both_bidirectional_forward.weight_hh_l0"].copy_(
        swap_gates(arrays["both_bidirectional/forward/recurrent_kernel"]).T
    )
    state["both_bidirectional_forward.bias_ih_l0"].copy_(
        swap_gates(arrays["both_bidirectional/forward/bias"][0])
    )
    state["both_bidirectional_forward.bias_hh_l0"].copy_(
        swap_gates(arrays["both_bidirectional/forward/bias"][1])
    )
    state["both_bidirectional_backward.weight_ih_l0"].copy_(
        swap_gates(arrays["both_bidirectional/backward/kernel"]).T
    )
    state["both_bidirectional_backward.weight_hh_l0"].copy_(
        swap_gates(arrays["both_bidirectional/backward/recurrent_kernel"]).T
    )
    state["both_bidirectional_backward.bias_ih_l0"].copy_(
        swap_gates(arrays["both_bidirectional/backward/bias"][0])
    )
    state["both_bidirectional_backward.bias_hh_l0"].copy_(
        swap_gates(arrays["both_bidirectional/backward/bias"][1])
    )
    state["behind_simple_rnn.weight_ih_l0"].copy_(arrays["behind_simple_rnn/kernel"].T)
    state["behind_simple_rnn.weight_hh_l0"].copy_(arrays["behind_simple_rnn/recurrent_kernel"].T)
    state["behind_simple_rnn.bias_ih_l0"].copy_(arrays["behind_simple_rnn/bias"])
    state["lstm.kernel.weight"].copy_(arrays["lstm/kernel"].T)
    state["lstm.recurrent_kernel.weight"].copy_(arrays["lstm/recurrent_kernel"].T)
    state["lstm.kernel.bias"].copy_(arrays["lstm/bias"])
    state["dense.weight"].copy_(arrays["dense/kernel"].T)
    state["dense.bias"].copy_(arrays["dense/bias"])


def swap_gates(gates: Tensor) -> Tensor:
    """A GRU's r, z, n of PyTorch as z, r, h of Keras along the last axis, and the other way."""
    first, second, candidate = gates.chunk(3, dim=-1)
    return torch.cat([second, first, candidate], dim=-1)


def save(model: Options, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in in_keras_layout(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Options, path: Path) -> dict[str, str]:
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
