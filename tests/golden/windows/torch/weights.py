"""The weights of Coarse in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model import Coarse

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "69cb27d26b68ca4e475990e9c370dee45ca5199036075fa6c105e63047e26646",
    "model": "Coarse",
}


class WeightsError(ValueError):
    """A file that does not hold the weights of this model."""


def views(model: Coarse) -> dict[str, Tensor]:
    """Each weight by its name in the file, in Keras's layout: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "fine_past/near_conv_1d/kernel": state["fine_past.near_conv_1d.weight"].transpose(0, 2),
        "fine_past/near_conv_1d/bias": state["fine_past.near_conv_1d.bias"],
        "fine_past/far_conv_1d/kernel": state["fine_past.far_conv_1d.weight"].transpose(0, 2),
        "fine_past/far_conv_1d/bias": state["fine_past.far_conv_1d.bias"],
        "fine_past/layer_norm/gamma": state["fine_past.layer_norm.weight"],
        "fine_past/layer_norm/beta": state["fine_past.layer_norm.bias"],
        "halves_conv_1d/kernel": state["halves_conv_1d.weight"].transpose(0, 2),
        "halves_conv_1d/bias": state["halves_conv_1d.bias"],
        "again_conv_1d/kernel": state["again_conv_1d.weight"].transpose(0, 2),
        "again_conv_1d/bias": state["again_conv_1d.bias"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def save(model: Coarse, path: Path, metadata: dict[str, str] | None = None) -> None:
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


def load(model: Coarse, path: Path) -> dict[str, str]:
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
