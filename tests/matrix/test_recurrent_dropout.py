"""Dropout inside recurrent layers: with the same numbers dropped, both programs give the same.

What is dropped is drawn at random, and no seed makes two frameworks draw alike. So both are handed
masks made here, in the order in which Keras's cells ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built
from tests.matrix.trial import built, checked, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

Array = np.ndarray[Any, np.dtype[Any]]

RATES = ("dropout=0.5", "recurrent_dropout=0.5", "dropout=0.3, recurrent_dropout=0.4")

#: Layers with what else changes the loop: other gates, no bias, the reset before the product.
CELLS = {
    "lstm": ("", "activation=relu, recurrent_activation=hard_sigmoid", "use_bias=false"),
    "gru": ("", "reset_after=false", "use_bias=false"),
    "simple_rnn": ("", "activation=softsign", "use_bias=false"),
}


def chain(cell: str, *, both_ways: bool, go_backwards: bool = False) -> str:
    """A model of one layer after another, with each way to drop in each variant."""
    layers: list[str] = []
    for rates in RATES:
        for variant in CELLS[cell]:
            parts = ["4", rates, variant, "go_backwards=true" if go_backwards else ""]
            layer = f"{cell}({', '.join(filter(None, parts))}, return=sequence)"
            layers.append(f"bidirectional({layer})" if both_ways else layer)
    return f"model M(x: float[B, T, 3]) {{\n    x -> {' -> '.join(layers)}\n}}\n"


class Masks:
    """Masks by number: what is kept counts for more, as much as makes up for what is dropped."""

    def __init__(self) -> None:
        self.given = 0

    def next(self, count: int, rows: int, width: int, rate: float) -> Array:
        rng = np.random.default_rng(self.given)
        self.given += 1
        kept = rng.random((count, rows, width)) >= rate
        return (kept / (1 - rate)).astype(np.float32)


@contextmanager
def torch_drops(masks: Masks, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    torch = framework("torch")

    def dropout(x: Any, p: float, training: bool, inplace: bool = False) -> Any:
        if not training:
            return x
        assert (x == 1).all(), "what is dropped is the same at every step: a mask is drawn once"
        count = x.shape[0] if x.ndim > 2 else 1
        mask = masks.next(count, x.shape[-3 if x.ndim == 4 else -2], x.shape[-1], p)
        return torch.from_numpy(mask.reshape(x.shape))

    def dropout1d(x: Any, p: float, training: bool, inplace: bool = False) -> Any:
        mask = masks.next(1, x.shape[0], x.shape[1], p) if training else np.ones(1, np.float32)
        return x * torch.from_numpy(mask.reshape(*x.shape[:2], 1) if training else mask)

    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "dropout", dropout)
        patch.setattr(torch.nn.functional, "dropout1d", dropout1d)
        yield


@contextmanager
def keras_drops(masks: Masks, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

    def create(cell: Any, step: Any, rate: float) -> Any:
        count = getattr(cell, "dropout_mask_count", None)
        mask = masks.next(count or 1, step.shape[0], step.shape[1], rate)
        return list(mask) if count else mask[0]

    with monkeypatch.context() as patch:
        patch.setattr(DropoutRNNCell, "_create_dropout_mask", create)
        yield


def forward(one: Built, x: Array, *, training: bool) -> Array:
    if one.backend == "torch":
        torch = framework("torch")
        with torch.no_grad():
            return one.model.train(training)(torch.from_numpy(x)).numpy()
    return np.asarray(one.model(x, training=training))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("both_ways", "go_backwards"),
    [(False, False), (False, True), (True, False)],
    ids=["forwards", "backwards", "both ways"],
)
@pytest.mark.parametrize("cell", CELLS)
def test_the_same_masks_give_the_same_numbers(
    cell: str,
    both_ways: bool,
    go_backwards: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = chain(cell, both_ways=both_ways, go_backwards=go_backwards)
    compilation = checked(text)
    task = task_of(compilation)
    x = np.random.default_rng(0).standard_normal((5, 6, 3)).astype(np.float32)
    with built(compilation, tmp_path) as models:
        share(models, random_weights(task.graph, 1.0), task, tmp_path)
        ours, theirs = Masks(), Masks()
        with torch_drops(ours, monkeypatch):
            torch = forward(models["torch"], x, training=True)
        with keras_drops(theirs, monkeypatch):
            keras = forward(models["keras"], x, training=True)
        masks = len(CELLS[cell]) * 4 * (2 if both_ways else 1)
        assert ours.given == theirs.given == masks
        assert abs(torch - keras).max() <= 1e-5 * abs(torch).max()
        # In use, nothing is dropped: the numbers are those of the model without dropout.
        used = [forward(one, x, training=False) for one in models.values()]
    assert abs(used[0] - used[1]).max() <= 1e-5 * abs(used[0]).max()
    assert abs(used[0] - torch).max() > 0.1 * abs(torch).max()
    plain = checked(re.sub(r"(recurrent_)?dropout=[\d.]+, ", "", text))
    with built(plain, tmp_path / "plain") as models:
        share(models, random_weights(task_of(plain).graph, 1.0), task_of(plain), tmp_path)
        without = twins.forward(models["torch"], (x,))[0]
    assert abs(used[0] - without).max() <= 1e-5 * abs(without).max()
