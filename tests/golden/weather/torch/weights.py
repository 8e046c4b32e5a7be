"""The weights of Weather in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model import Weather

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "7f0f54c940b4c70749b275fdc76da0fed556d73dada7784f3ef7f9d8d421d58f",
    "model": "Weather",
}
SHAPES = {
    "gru/kernel": (5, 192),
    "gru/recurrent_kernel": (64, 192),
    "gru/bias": (2, 192),
    "dense/kernel": (64, 6),
    "dense/bias": (6,),
}


class WeightsError(ValueError):
    """A file that does not hold the weights of this model."""


def views(model: Weather) -> dict[str, tuple[Tensor, ...]]:
    """What makes up each weight in Keras's layout, side by side along the last axis."""
    state = model.state_dict()
    return {
        "gru/kernel": zrh(state["gru.weight_ih_l0"].T),
        "gru/recurrent_kernel": zrh(state["gru.weight_hh_l0"].T),
        "gru/bias": (*zrh(state["gru.bias_ih_l0"]), *zrh(state["gru.bias_hh_l0"])),
        "dense/kernel": (state["dense.weight"].T,),
        "dense/bias": (state["dense.bias"],),
    }


def zrh(gates: Tensor) -> tuple[Tensor, ...]:
    """The blocks of a GRU in Keras's order; PyTorch has the reset gate before the update gate."""
    r, z, h = gates.chunk(3, dim=-1)
    return z, r, h


def save(model: Weather, path: Path, metadata: dict[str, str] | None = None) -> None:
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


def load(model: Weather, path: Path) -> dict[str, str]:
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
