"""The weights of Alarm in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Alarm

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "8b437e1dcfd698bb47911c4e7adc97bdad38da0ada558df22b47f2b2b9265c43",
    "model": "Alarm",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def in_keras_layout(model: Alarm) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs].

    A GRU's gates stand in the order z, r, h; its two biases are one array, [2, 3 * units].
    """
    state = model.state_dict()
    return {
        "patterns_branches.0/kernel": state["patterns_branches_0.weight"].transpose(0, 2),
        "patterns_branches.0/bias": state["patterns_branches_0.bias"],
        "patterns_branches.1/kernel": state["patterns_branches_1.weight"].transpose(0, 2),
        "patterns_branches.1/bias": state["patterns_branches_1.bias"],
        "patterns_branches.2/kernel": state["patterns_branches_2.weight"].transpose(0, 2),
        "patterns_branches.2/bias": state["patterns_branches_2.bias"],
        "lanes_chain.0/layer_norm/gamma": state["lanes_chain_0.layer_norm.weight"],
        "lanes_chain.0/layer_norm/beta": state["lanes_chain_0.layer_norm.bias"],
        "lanes_chain.0/gru/kernel": swap_gates(state["lanes_chain_0.gru.weight_ih_l0"].T),
        "lanes_chain.0/gru/recurrent_kernel": swap_gates(state["lanes_chain_0.gru.weight_hh_l0"].T),
        "lanes_chain.0/gru/bias": torch.stack(
            [
                swap_gates(state["lanes_chain_0.gru.bias_ih_l0"]),
                swap_gates(state["lanes_chain_0.gru.bias_hh_l0"]),
            ],
        ),
        "lanes_chain.1/layer_norm/gamma": state["lanes_chain_1.layer_norm.weight"],
        "lanes_chain.1/layer_norm/beta": state["lanes_chain_1.layer_norm.bias"],
        "lanes_chain.1/gru/kernel": swap_gates(state["lanes_chain_1.gru.weight_ih_l0"].T),
        "lanes_chain.1/gru/recurrent_kernel": swap_gates(state["lanes_chain_1.gru.weight_hh_l0"].T),
        "lanes_chain.1/gru/bias": torch.stack(
            [
                swap_gates(state["lanes_chain_1.gru.bias_ih_l0"]),
                swap_gates(state["lanes_chain_1.gru.bias_hh_l0"]),
            ],
        ),
        "lanes_chain.2/layer_norm/gamma": state["lanes_chain_2.layer_norm.weight"],
        "lanes_chain.2/layer_norm/beta": state["lanes_chain_2.layer_norm.bias"],
        "lanes_chain.2/gru/kernel": swap_gates(state["lanes_chain_2.gru.weight_ih_l0"].T),
        "lanes_chain.2/gru/recurrent_kernel": swap_gates(state["lanes_chain_2.gru.weight_hh_l0"].T),
        "lanes_chain.2/gru/bias": torch.stack(
            [
                swap_gates(state["lanes_chain_2.gru.bias_ih_l0"]),
                swap_gates(state["lanes_chain_2.gru.bias_hh_l0"]),
            ],
        ),
        "lstm/kernel": state["lstm.weight_ih_l0"].T,
        "lstm/recurrent_kernel": state["lstm.weight_hh_l0"].T,
        "lstm/bias": state["lstm.bias_ih_l0"],
        "chain.0/kernel": state["chain_0.weight"].T,
        "chain.0/bias": state["chain_0.bias"],
        "chain.1/kernel": state["chain_1.weight"].T,
        "chain.1/bias": state["chain_1.bias"],
        "chain.2/kernel": state["chain_2.weight"].T,
        "chain.2/bias": state["chain_2.bias"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def from_keras_layout(model: Alarm, arrays: dict[str, Tensor]) -> None:
    """Copies weights that `in_keras_layout` could have given into the model."""
    state = model.state_dict()  # its tensors are the model's
    state["patterns_branches_0.weight"].copy_(arrays["patterns_branches.0/kernel"].transpose(0, 2))
    state["patterns_branches_0.bias"].copy_(arrays["patterns_branches.0/bias"])
    state["patterns_branches_1.weight"].copy_(arrays["patterns_branches.1/kernel"].transpose(0, 2))
    state["patterns_branches_1.bias"].copy_(arrays["patterns_branches.1/bias"])
    state["patterns_branches_2.weight"].copy_(arrays["patterns_branches.2/kernel"].transpose(0, 2))
    state["patterns_branches_2.bias"].copy_(arrays["patterns_branches.2/bias"])
    state["lanes_chain_0.layer_norm.weight"].copy_(arrays["lanes_chain.0/layer_norm/gamma"])
    state["lanes_chain_0.layer_norm.bias"].copy_(arrays["lanes_chain.0/layer_norm/beta"])
    state["lanes_chain_0.gru.weight_ih_l0"].copy_(swap_gates(arrays["lanes_chain.0/gru/kernel"]).T)
    state["lanes_chain_0.gru.weight_hh_l0"].copy_(
        swap_gates(arrays["lanes_chain.0/gru/recurrent_kernel"]).T
    )
    state["lanes_chain_0.gru.bias_ih_l0"].copy_(swap_gates(arrays["lanes_chain.0/gru/bias"][0]))
    state["lanes_chain_0.gru.bias_hh_l0"].copy_(swap_gates(arrays["lanes_chain.0/gru/bias"][1]))
    state["lanes_chain_1.layer_norm.weight"].copy_(arrays["lanes_chain.1/layer_norm/gamma"])
    state["lanes_chain_1.layer_norm.bias"].copy_(arrays["lanes_chain.1/layer_norm/beta"])
    state["lanes_chain_1.gru.weight_ih_l0"].copy_(swap_gates(arrays["lanes_chain.1/gru/kernel"]).T)
    state["lanes_chain_1.gru.weight_hh_l0"].copy_(
        swap_gates(arrays["lanes_chain.1/gru/recurrent_kernel"]).T
    )
    state["lanes_chain_1.gru.bias_ih_l0"].copy_(swap_gates(arrays["lanes_chain.1/gru/bias"][0]))
    state["lanes_chain_1.gru.bias_hh_l0"].copy_(swap_gates(arrays["lanes_chain.1/gru/bias"][1]))
    state["lanes_chain_2.layer_norm.weight"].copy_(arrays["lanes_chain.2/layer_norm/gamma"])
    state["lanes_chain_2.layer_norm.bias"].copy_(arrays["lanes_chain.2/layer_norm/beta"])
    state["lanes_chain_2.gru.weight_ih_l0"].copy_(swap_gates(arrays["lanes_chain.2/gru/kernel"]).T)
    state["lanes_chain_2.gru.weight_hh_l0"].copy_(
        swap_gates(arrays["lanes_chain.2/gru/recurrent_kernel"]).T
    )
    state["lanes_chain_2.gru.bias_ih_l0"].copy_(swap_gates(arrays["lanes_chain.2/gru/bias"][0]))
    state["lanes_chain_2.gru.bias_hh_l0"].copy_(swap_gates(arrays["lanes_chain.2/gru/bias"][1]))
    state["lstm.weight_ih_l0"].copy_(arrays["lstm/kernel"].T)
    state["lstm.weight_hh_l0"].copy_(arrays["lstm/recurrent_kernel"].T)
    state["lstm.bias_ih_l0"].copy_(arrays["lstm/bias"])
    state["chain_0.weight"].copy_(arrays["chain.0/kernel"].T)
    state["chain_0.bias"].copy_(arrays["chain.0/bias"])
    state["chain_1.weight"].copy_(arrays["chain.1/kernel"].T)
    state["chain_1.bias"].copy_(arrays["chain.1/bias"])
    state["chain_2.weight"].copy_(arrays["chain.2/kernel"].T)
    state["chain_2.bias"].copy_(arrays["chain.2/bias"])
    state["dense.weight"].copy_(arrays["dense/kernel"].T)
    state["dense.bias"].copy_(arrays["dense/bias"])


def swap_gates(gates: Tensor) -> Tensor:
    """A GRU's r, z, n of PyTorch as z, r, h of Keras along the last axis, and the other way."""
    first, second, candidate = gates.chunk(3, dim=-1)
    return torch.cat([second, first, candidate], dim=-1)


def save(model: Alarm, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in in_keras_layout(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Alarm, path: Path) -> dict[str, str]:
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
