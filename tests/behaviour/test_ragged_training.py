"""Sequences of their own lengths in both training loops: the same batches, one tracing for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.running.program import Program, load

pytestmark = pytest.mark.slow

SPEC = """
model Two(x: float(pad=lengths)[B, T, 3]) -> float[B, 4] {
    x -> gru(6) -> dense(4)
}
data d {
    source = npz("d.npz", lengths=lengths)
    target = kind
    batches = bucketed(pool=2)
}
train Two {
    data = d, loss = sparse_categorical_crossentropy, batch_size = 4
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec and 60 sequences of 2 to 8 steps, a third of them of 5: batches of one length, too."""
    rng = np.random.default_rng(0)
    lengths = np.where(np.arange(60) % 3, rng.integers(2, 9, 60), 5)
    x = rng.normal(size=(lengths.sum(), 3)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=x, lengths=lengths, kind=rng.integers(0, 4, 60))
    (tmp_path / "two.seq").write_text(SPEC)
    return tmp_path


@pytest.fixture
def programs(folder: Path) -> Iterator[dict[str, Program]]:
    """The programs of both backends."""
    compilation = Compilation.of(folder / "two.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    loaded: dict[str, Program] = {}
    for backend in ("torch", "keras"):
        (folder / backend).mkdir()
        for file in get(backend).lower(compilation.task):
            (folder / backend / file.path).write_text(file.text)
        loaded[backend] = load(folder / backend, backend)
    yield loaded
    for program in loaded.values():
        program.close()


@pytest.mark.torch
@pytest.mark.keras
def test_both_programs_draw_the_same_batches(folder: Path, programs: dict[str, Program]) -> None:
    keras = programs["keras"].module("train")
    part = programs["keras"].module("data").load(folder / "d.npz").train
    drawn = keras.Batches(part, seed=7)
    torch = programs["torch"].module("data")
    other = torch.load(folder / "d.npz").train
    for epoch in (1, 2):
        drawn.on_epoch_begin()
        rng = np.random.default_rng([7, epoch])
        batches = list(torch.batches(other, 4, rng))
        assert len(batches) == len(drawn)
        for index, (inputs, target) in enumerate(batches):
            ours, truth = drawn[index]
            np.testing.assert_array_equal(truth, target)
            for left, right in zip(ours, inputs, strict=True):
                np.testing.assert_array_equal(left, right)


@pytest.mark.keras
def test_keras_traces_a_model_once_for_all_lengths(
    folder: Path, programs: dict[str, Program]
) -> None:
    program = programs["keras"]
    train, data = program.module("train"), program.module("data")
    dataset = data.load(folder / "d.npz")
    lengths = {inputs.shape[1] for (inputs, _), _ in _batches(train, dataset.train)}
    assert len(lengths) > 2, "the batches have many lengths"
    model = program.module("model").build_model()
    gru = next(layer for layer in model.layers if layer.name == "gru")
    traced: list[Any] = []
    call = gru.call

    def watched(sequence: Any, *rest: Any, **named: Any) -> Any:
        traced.append(sequence.shape)
        return call(sequence, *rest, **named)

    gru.call = watched
    train.fit(model, dataset, folder / "run", epochs=4, report=lambda record: None)
    assert len(traced) <= 3, f"for training, for validation, and one to look: {traced}"
    traced.clear()
    predicted = train.predict(model, dataset.train.inputs, batch_size=3)
    assert predicted.shape == (len(dataset.train), 4)
    assert len(traced) <= 2, traced


def _batches(train: Any, part: Any) -> Iterator[Any]:
    drawn = train.Batches(part, seed=0)
    drawn.on_epoch_begin()
    return (drawn[index] for index in range(len(drawn)))
