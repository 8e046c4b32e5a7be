"""Regularisers and constraints: both programs report the same losses and end with the same weights.

Every entry, wherever it fits, on layers of each kind. What Keras adds to its loss, and how often,
is Keras's own; the other program writes it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.vocabulary import ENTRIES, LAYERS
from tests.matrix import spec_text
from tests.matrix.test_training import assert_same, eagerly, fit_both, write_spec
from tests.matrix.trial import random_weights, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]
__all__ = ["eagerly"]

#: One of each kind of layer with weights, with room for arguments.
LAYERS_OF = (
    "conv_1d(4, 2, padding=causal{})",
    "lstm(3, return=sequence{})",
    "gru(3, return=sequence{})",
    "gru(3, reset_after=false, return=sequence{})",
    "bidirectional(gru(2, return=sequence{}))",
    "bidirectional(lstm(2, dropout=0.0, activation=softsign, return=sequence{}))",
    "simple_rnn(4, return=sequence{})",
    "dense(3{})",
)
#: Every entry with what it can be told, felt enough to be missed.
REGULARIZERS = (
    "l2(0.05)",
    "l1",
    "l1_l2(l1=0.01, l2=0.03)",
    "orthogonal_regularizer(0.5)",
    "orthogonal_regularizer(0.5, mode=columns)",
)
CONSTRAINTS = (
    "max_norm(0.5)",
    "max_norm(0.5, axis=1)",
    "max_norm(1, axis=[0, 1])",
    "non_neg",
    "unit_norm",
    "unit_norm(axis=1)",
    "min_max_norm(0.3, 0.6)",
    "min_max_norm(0.3, 0.6, rate=0.5, axis=1)",
)
SETTINGS = "    loss = mse\n    metrics = [mse, rmse]\n    optimizer = sgd(learning_rate=0.05)\n"


def mostly_slow(texts: Iterable[str]) -> list[ParameterSet]:
    """The first for the fast run."""
    return [
        pytest.param(text, marks=[pytest.mark.slow] if number else [])
        for number, text in enumerate(texts)
    ]


def arguments(layer: str, category: str, text: str) -> str:
    """The text for each argument of a layer that takes it."""
    name = layer.removeprefix("bidirectional(").split("(")[0]
    found: list[str] = []
    for arg in LAYERS[name].args:
        if arg.kind.category == category:
            with_it = (
                f"model M(x: float[B, 4, 5]) {{ x -> {layer.format(f', {arg.name}={text}')} }}"
            )
            if not spec_text.errors(with_it):
                found.append(f", {arg.name}={text}")
    return "".join(found)


def body(category: str, text: str) -> str:
    return " -> ".join(part.format(arguments(part, category, text)) for part in LAYERS_OF)


def assert_trains_alike(compilation: Compilation, folder: Path, *, felt: bool) -> None:
    """For two epochs; with something ``felt``, the loss is more than the error."""
    records, _ = fit_both(compilation, folder, 2)
    assert_same(records, 1e-5)
    start = random_weights(task_of(compilation).graph, 1.0)
    ours, theirs = (
        twins.read_weights(folder / f"run-{backend}" / "last.safetensors")
        for backend in ("torch", "keras")
    )
    assert all((ours[name] != start[name]).any() for name in start)
    apart = {name: float(abs(ours[name] - theirs[name]).max()) for name in start}
    assert max(apart.values()) <= 1e-5, apart
    for name in ("", "val_"):
        first = {key: value for key, value in records["torch"][0].items()}
        assert felt == (first[f"{name}loss"] - first[f"{name}mse"] > 1e-3), first
    assert abs(first["rmse"] ** 2 - first["mse"]) <= 1e-5 * first["mse"]


def test_all_are_tried() -> None:
    for category, given in (("regularizer", REGULARIZERS), ("constraint", CONSTRAINTS)):
        assert {text.split("(")[0] for text in given} == set(ENTRIES[category])


@pytest.mark.parametrize("text", mostly_slow(REGULARIZERS))
def test_regularizers(text: str, tmp_path: Path) -> None:
    compilation = write_spec(tmp_path, body("regularizer", text), SETTINGS, True, "mse")
    assert_trains_alike(compilation, tmp_path, felt=True)


@pytest.mark.parametrize("text", mostly_slow(CONSTRAINTS))
def test_constraints(text: str, tmp_path: Path) -> None:
    compilation = write_spec(tmp_path, body("constraint", text), SETTINGS, True, "mse")
    assert_trains_alike(compilation, tmp_path, felt=False)
