"""The weights of Gated in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model import Gated

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "47f1a8e33bbd5a69efd6fe417242d6b617fe5be04fd3e7f125ff033f898e4d30",
    "model": "Gated",
}
SHAPES = {
    "h_dense/kernel": (6, 8),
    "h_dense/bias": (8,),
    "h_layer_norm/gamma": (8,),
    "h_layer_norm/beta": (8,),
    "gate_dense/kernel": (6, 8),
    "gate_dense/bias": (8,),
    "forward_gru/kernel": (8, 24),
    "forward_gru/recurrent_kernel": (8, 24),
    "forward_gru/bias": (2, 24),
    "backward_gru/kernel": (8, 24),
    "backward_gru/recurrent_kernel": (8, 24),
    "backward_gru/bias": (2, 24),
    "courses_gru/kernel": (12, 24),
    "courses_gru/recurrent_kernel": (8, 24),
    "courses_gru/bias": (2, 24),
}


class WeightsError(ValueError):
    """A file that does not hold the weights of this model."""


def views(model: Gated) -> dict[str, tuple[Tensor, ...]]:
    """What makes up each weight in Keras's layout, side by side along the last axis."""
    state = model.state_dict()
    return {
        "h_dense/kernel": (state["h_dense.weight"].T,),
        "h_dense/bias": (state["h_dense.bias"],),
        "h_layer_norm/gamma": (state["h_layer_norm.weight"],),
        "h_layer_norm/beta": (state["h_layer_norm.bias"],),
        "gate_dense/kernel": (state["gate_dense.weight"].T,),
        "gate_dense/bias": (state["gate_dense.bias"],),
        "forward_gru/kernel": zrh(state["forward_gru.weight_ih_l0"].T),
        "forward_gru/recurrent_kernel": zrh(state["forward_gru.weight_hh_l0"].T),
        "forward_gru/bias": (
            *zrh(state["forward_gru.bias_ih_l0"]),
            *zrh(state["forward_gru.bias_hh_l0"]),
        ),
        "backward_gru/kernel": zrh(state["backward_gru.weight_ih_l0"].T),
        "backward_gru/recurrent_kernel": zrh(state["backward_gru.weight_hh_l0"].T),
        "backward_gru/bias": (
            *zrh(state["backward_gru.bias_ih_l0"]),
            *zrh(state["backward_gru.bias_hh_l0"]),
        ),
        "courses_gru/kernel": zrh(state["courses_gru.weight_ih_l0"].T),
        "courses_gru/recurrent_kernel": zrh(state["courses_gru.weight_hh_l0"].T),
        "courses_gru/bias": (
            *zrh(state["courses_gru.bias_ih_l0"]),
            *zrh(state["courses_gru.bias_hh_l0"]),
        ),
    }


def zrh(gates: Tensor) -> tuple[Tensor, ...]:
    """The blocks of a GRU in Keras's order; PyTorch has the reset gate before the update gate."""
    r, z, h = gates.chunk(3, dim=-1)
    return z, r, h


def save(model: Gated, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights; what was at ``path`` stays until the new file is complete."""
    arrays = {
        name: torch.cat(weight, dim=-1).reshape(SHAPES[name]).cpu()
        for name, weight in views(model).items()
    }
    partial = path.with_name(f"{path.name}.partial")
    try:
        save_file(arrays, partial, metadata={**FORMAT, **(metadata or {})})
        os.replace(partial, path)
    except SafetensorError as error:
        raise WeightsError(f"{path} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def load(model: Gated, path: Path) -> dict[str, str]:
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
        found, needed = tuple(arrays[name].shape), SHAPES[name]
        if found != needed:
            raise WeightsError(f"{path}: {name} has the shape {found}, not {needed}")
    for name, weight in ours.items():
        widths = [view.shape[-1] for view in weight]
        flat = arrays[name].reshape(*weight[0].shape[:-1], sum(widths))
        for view, part in zip(weight, flat.split(widths, dim=-1), strict=True):
            view.copy_(part)
    return metadata
