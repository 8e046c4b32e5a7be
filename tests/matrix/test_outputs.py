"""Several outputs: both generated loops give the same numbers, and those are sums that add up."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import framework
from tests.matrix.test_training import assert_same, eagerly
from tests.matrix.trial import built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]
__all__ = ["eagerly"]

MODEL = """
model M(x: float[B, 7, 2], z: float[B, 7, 1])
    -> (low: float[B, 1], both: float[B, 2], kind: float[B, 3], wet: float[B, 7, 1])
{
    h = concat(x, z) -> dense(5, activation=tanh)
    f = h -> flatten
    low = f -> dense(1)
    both = f -> dense(2)
    kind = f -> dense(3, activation=softmax)
    wet = h -> dense(1) -> activation(sigmoid)
}
"""
WINDOWS = """
data d {
    source = npz("data.npz")
    windows = sliding(steps=7)
    scale = standard()
}
"""
ROWS = """
data d {
    source = npz("data.npz")
    scale = minmax()
}
"""
TRAIN = """
train M {
    data = d
    loss = mse(low) + 0.3 * (huber(both, delta=0.5) + 2 * sparse_categorical_crossentropy(kind))
         + binary_crossentropy(wet%s)
    metrics = [mae, rmse(both), accuracy(kind), accuracy(wet), r2, f1(kind), auc(wet)]
    optimizer = sgd(learning_rate=0.1)
    batch_size = 10
}
"""
WEIGHTS = {"low": 1, "both": 0.3, "kind": 0.6, "wet": 1}


def write(folder: Path, *, windowed: bool) -> Compilation:
    rng = np.random.default_rng(3)
    count = 90
    steps = () if windowed else (7,)
    np.savez(
        folder / "data.npz",
        x=rng.standard_normal((count, *steps, 2)) * 3 + 1,
        z=rng.standard_normal((count, *steps, 1)),
        low=rng.standard_normal((count, 1)) * 9,
        both=rng.standard_normal((count, 2)) * [1, 50] - 7,
        kind=rng.integers(0, 3, count),
        wet=rng.integers(0, 2, (count, *steps, 1)),
    )
    spec = folder / "case.seq"
    operand = ", same_step()" if windowed else ""
    spec.write_text(MODEL + (WINDOWS if windowed else ROWS) + TRAIN % operand)
    return Compilation.of(spec)


@pytest.mark.parametrize(
    ("windowed", "graph"),
    [
        pytest.param(True, False, id="windows"),
        pytest.param(False, False, id="rows"),
        pytest.param(False, True, id="rows in a graph", marks=pytest.mark.slow),
    ],
)
def test_both_loops(windowed: bool, graph: bool, tmp_path: Path) -> None:
    """In a graph, as users run it, Keras does not know how many samples a batch has."""
    framework("tensorflow").config.run_functions_eagerly(not graph)
    compilation = write(tmp_path, windowed=windowed)
    task_of(compilation)
    with built(compilation, tmp_path) as models:
        share(
            models, random_weights(task_of(compilation).graph, 1.0), task_of(compilation), tmp_path
        )
        records: dict[str, list[dict[str, float]]] = {}
        scores: dict[str, dict[str, float]] = {}
        for backend, one in models.items():
            train, data = one.program.module("train"), one.program.module("data")
            dataset = data.load(tmp_path / "data.npz")
            assert len(dataset.train) % train.BATCH_SIZE, "the last batch is smaller"
            records[backend] = []
            report = records[backend].append
            train.fit(one.model, dataset, tmp_path / f"run-{backend}", epochs=2, report=report)
            scores[backend] = train.evaluate(one.model, dataset.test, dataset.scaling)
            _check_files(one, dataset, tmp_path / backend)
    assert_same(records, 1e-5)
    for record in records["torch"]:
        total = sum(weight * record[f"{name}_loss"] for name, weight in WEIGHTS.items())
        assert record["loss"] == pytest.approx(total, rel=1e-5)
        assert {"both_rmse", "low_mae", "both_mae", "kind_accuracy"} <= set(record)
        assert "kind_mae" not in record
    assert records["torch"][1]["loss"] < records["torch"][0]["loss"]
    assert scores["torch"] == pytest.approx(scores["keras"], rel=1e-4)
    assert {"low_r2", "both_r2", "kind_f1", "wet_auc"} <= set(scores["torch"])
    assert "kind_r2" not in scores["torch"]
    assert scores["torch"]["both_rmse"] > 5, "scores are in original units"


def _check_files(one: Any, dataset: Any, folder: Path) -> None:
    """Predictions as files: a group of columns, or an array, for each output."""
    train, data = one.program.module("train"), one.program.module("data")
    part, scaling = dataset.test, dataset.scaling
    predictions = scaling.invert_targets(train.predict(one.model, part.inputs))
    truth = scaling.invert_targets(part.targets)
    assert [array.shape for array in truth] == [
        array.shape if array.ndim == truth[i].ndim else array.shape[:-1]
        for i, array in enumerate(predictions)
    ]
    folder.mkdir(exist_ok=True)
    data.write_predictions(folder / "out.npz", predictions)
    with np.load(folder / "out.npz") as arrays:
        assert [arrays[name].shape for name in data.OUTPUTS] == [p.shape for p in predictions]
    data.write_predictions(folder / "out.csv", predictions)
    header, *rows = csv.reader((folder / "out.csv").open())
    assert header == ["low", "both_1", "both_2", "kind", *(f"wet_{i + 1}" for i in range(7))]
    assert len(rows) == len(part)
    assert float(rows[2][2]) == pytest.approx(predictions[1][2, 1], rel=1e-5)
    assert int(rows[2][3]) == predictions[2][2].argmax()


def test_targets_of_different_kinds(tmp_path: Path) -> None:
    """Windows that are compared with the step, the next step and what follows, all in step."""
    values = np.arange(80, dtype=np.float32)
    (tmp_path / "t.csv").write_text("v\n" + "\n".join(f"{v:g}" for v in values) + "\n")
    spec = tmp_path / "case.seq"
    spec.write_text("""
    model M(v: float[B, 5, 1]) -> (now: float[B, 5, 1], soon: float[B, 5, 1], later: float[B, 3]) {
        h = v -> dense(3)
        now = h -> dense(1)
        soon = h -> dense(1)
        later = h -> flatten -> dense(3)
    }
    data d { source = csv("t.csv"), inputs = [v], windows = sliding(steps=5, stride=2, horizon=3) }
    train M {
        data = d
        loss = mse(now, same_step([v])) + mse(soon, next_step([v])) + mse(later, [target.v])
    }
    """)
    compilation = Compilation.of(spec)
    task = task_of(compilation)
    assert task.training is not None
    with built(compilation, tmp_path) as models:
        for one in models.values():
            part = one.program.module("data").load(tmp_path / "t.csv").train
            (inputs,), (now, soon, later) = part.inputs, part.targets
            assert len(inputs) == len(now) == len(soon) == len(later) == (56 - 5 - 3) // 2 + 1
            for i in range(len(part)):
                first = 2 * i
                assert inputs[i, :, 0].tolist() == now[i, :, 0].tolist()
                assert now[i, :, 0].tolist() == [first + n for n in range(5)]
                assert soon[i, :, 0].tolist() == [first + 1 + n for n in range(5)]
                assert later[i].ravel().tolist() == [first + 5 + n for n in range(3)]
