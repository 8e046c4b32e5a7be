"""The weights of Signal in a file, with names and layout common to PyTorch and Keras."""

from __future__ import annotations

import os
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model import Signal

FORMAT = {
    "format": "seqspec-weights",
    "format_version": "1",
    "spec_sha256": "f7dec5418c3ff29b9a6c68a6b649ce2dadf32c7f6d75f6f67121ab7b098551c7",
    "model": "Signal",
}


class WeightsError(ValueError):
    """A weights file does not fit the model; the message says why."""


def views(model: Signal) -> dict[str, Tensor]:
    """Each weight by its name in the file, as Keras has it: kernels are [inputs, outputs]."""
    state = model.state_dict()
    return {
        "conv_1d/kernel": state["conv_1d.weight"].transpose(0, 2),
        "conv_1d/bias": state["conv_1d.bias"],
        "conv_1d_1/kernel": state["conv_1d_1.weight"].transpose(0, 2),
        "conv_1d_1/bias": state["conv_1d_1.bias"],
        "block/layer_norm/gamma": state["block.layer_norm.weight"],
        "block/layer_norm/beta": state["block.layer_norm.bias"],
        "block/multi_head_attention/query/kernel": state[
            "block.multi_head_attention.query.weight"
        ].T.unflatten(1, (4, 8)),
        "block/multi_head_attention/query/bias": state[
            "block.multi_head_attention.query.bias"
        ].unflatten(0, (4, 8)),
        "block/multi_head_attention/key/kernel": state[
            "block.multi_head_attention.key.weight"
        ].T.unflatten(1, (4, 8)),
        "block/multi_head_attention/key/bias": state[
            "block.multi_head_attention.key.bias"
        ].unflatten(0, (4, 8)),
        "block/multi_head_attention/value/kernel": state[
            "block.multi_head_attention.value.weight"
        ].T.unflatten(1, (4, 8)),
        "block/multi_head_attention/value/bias": state[
            "block.multi_head_attention.value.bias"
        ].unflatten(0, (4, 8)),
        "block/multi_head_attention/attention_output/kernel": state[
            "block.multi_head_attention.output.weight"
        ].T.unflatten(0, (4, 8)),
        "block/multi_head_attention/attention_output/bias": state[
            "block.multi_head_attention.output.bias"
        ],
        "block/wide_layer_norm/gamma": state["block.wide_layer_norm.weight"],
        "block/wide_layer_norm/beta": state["block.wide_layer_norm.bias"],
        "block/wide_dense/kernel": state["block.wide_dense.weight"].T,
        "block/wide_dense/bias": state["block.wide_dense.bias"],
        "block/wide_dense_1/kernel": state["block.wide_dense_1.weight"].T,
        "block/wide_dense_1/bias": state["block.wide_dense_1.bias"],
        "block_1/layer_norm/gamma": state["block_1.layer_norm.weight"],
        "block_1/layer_norm/beta": state["block_1.layer_norm.bias"],
        "block_1/multi_head_attention/query/kernel": state[
            "block_1.multi_head_attention.query.weight"
        ].T.unflatten(1, (4, 8)),
        "block_1/multi_head_attention/query/bias": state[
            "block_1.multi_head_attention.query.bias"
        ].unflatten(0, (4, 8)),
        "block_1/multi_head_attention/key/kernel": state[
            "block_1.multi_head_attention.key.weight"
        ].T.unflatten(1, (4, 8)),
        "block_1/multi_head_attention/key/bias": state[
            "block_1.multi_head_attention.key.bias"
        ].unflatten(0, (4, 8)),
        "block_1/multi_head_attention/value/kernel": state[
            "block_1.multi_head_attention.value.weight"
        ].T.unflatten(1, (4, 8)),
        "block_1/multi_head_attention/value/bias": state[
            "block_1.multi_head_attention.value.bias"
        ].unflatten(0, (4, 8)),
        "block_1/multi_head_attention/attention_output/kernel": state[
            "block_1.multi_head_attention.output.weight"
        ].T.unflatten(0, (4, 8)),
        "block_1/multi_head_attention/attention_output/bias": state[
            "block_1.multi_head_attention.output.bias"
        ],
        "block_1/wide_layer_norm/gamma": state["block_1.wide_layer_norm.weight"],
        "block_1/wide_layer_norm/beta": state["block_1.wide_layer_norm.bias"],
        "block_1/wide_dense/kernel": state["block_1.wide_dense.weight"].T,
        "block_1/wide_dense/bias": state["block_1.wide_dense.bias"],
        "block_1/wide_dense_1/kernel": state["block_1.wide_dense_1.weight"].T,
        "block_1/wide_dense_1/bias": state["block_1.wide_dense_1.bias"],
        "dense/kernel": state["dense.weight"].T,
        "dense/bias": state["dense.bias"],
    }


def save(model: Signal, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes the weights. The file appears whole or not at all."""
    arrays = {name: tensor.cpu().contiguous() for name, tensor in views(model).items()}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.torch.save(arrays, {**FORMAT, **(metadata or {})}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(model: Signal, path: Path) -> dict[str, str]:
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
