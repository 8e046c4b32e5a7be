"""Several outputs, some of which are padded: of those the steps of data alone count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from tests.matrix.test_training import assert_same, eagerly
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]
__all__ = ["eagerly"]

SPEC = """
model M(x: token(9, pad=0)[B, T], z: float(pad=lengths)[B, S, 2])
    -> (tags: float[B, T, 3], kind: float[B, 2], mask: float[B, S, 1])
{
    h = x -> embedding(4) -> gru(5, return=sequence)
    tags = h -> dense(3)
    kind = h -> lstm(3) -> dense(2, activation=softmax)
    mask = z -> gru(3, return=sequence) -> dense(1)
}
data d { source = npz("data.npz"), split = random(train=60%, validation=20%) }
train M {
    data = d
    batch_size = 7
    loss = sparse_categorical_crossentropy(tags{tags}) + 2 * mse(mask{mask})
         + 0.5 * sparse_categorical_crossentropy(kind)
    metrics = [{metrics}]
    optimizer = sgd(learning_rate=0.1)
}
"""
SAMPLES, T, S = 40, 6, 4


def arrays() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    there = rng.random((SAMPLES, T)) < 0.6  # anywhere
    there[:, 1] = True
    return {
        "x": np.where(there, rng.integers(1, 9, there.shape), 0),
        "z": rng.standard_normal((SAMPLES, S, 2)).astype(np.float32),
        "z_lengths": rng.integers(1, S + 1, SAMPLES),
        "tags": rng.integers(0, 3, there.shape),
        "kind": rng.integers(0, 2, SAMPLES),
        "mask": rng.standard_normal((SAMPLES, S, 1)).astype(np.float32),
        "w": rng.integers(0, 4, there.shape) / 2,
        "each": rng.integers(0, 4, SAMPLES) / 2,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tags", "mask", "metrics"),
    [
        ("", "", "accuracy, mae"),
        (", class_weight=[1, 2, 4], sample_weight=w", ", sample_weight=each", "accuracy, mae"),
        (", ignore_class=1", "", "accuracy, mae(mask)"),
        ("", "", ""),
    ],
    ids=["plain", "weights", "ignored", "losses alone"],
)
def test_both_programs(tags: str, mask: str, metrics: str, tmp_path: Path) -> None:
    given = arrays()
    records, scores, predictions = _run(tmp_path / "a", given, tags, mask, metrics)
    assert_same(records, 1e-5)
    for record in records["torch"]:
        parts = record["tags_loss"] + 2 * record["mask_loss"] + 0.5 * record["kind_loss"]
        assert record["loss"] == pytest.approx(parts, rel=1e-5)
    assert scores["torch"] == pytest.approx(scores["keras"], abs=1e-5)
    # Other targets at padded steps change no number.
    given["tags"] = np.where(given["x"] != 0, given["tags"], 2)
    given["mask"][np.arange(S) >= given["z_lengths"][:, None]] = 7
    others, other_scores, _ = _run(tmp_path / "b", given, tags, mask, metrics)
    assert_same({"torch": records["torch"], "keras": others["torch"]}, 0)
    assert_same(others, 1e-5)
    assert other_scores["torch"] == scores["torch"]
    if metrics and not tags:
        steps = predictions["x"] != 0
        hits = (predictions["tags"].argmax(-1) == predictions["truth"])[steps]
        assert scores["torch"]["tags_accuracy"] == pytest.approx(hits.mean())


def _run(
    folder: Path, given: dict[str, Any], tags: str, mask: str, metrics: str
) -> tuple[dict[str, list[dict[str, float]]], dict[str, dict[str, float]], dict[str, Array]]:
    """Records and scores of both programs, and what one of them predicts."""
    folder.mkdir()
    np.savez(folder / "data.npz", **given)
    spec = folder / "m.seq"
    text = SPEC
    for name, written in (("tags", tags), ("mask", mask), ("metrics", metrics)):
        text = text.replace(f"{{{name}}}", written)
    spec.write_text(text)
    compilation = Compilation.of(spec)
    task = task_of(compilation)
    records: dict[str, list[dict[str, float]]] = {}
    scores: dict[str, dict[str, float]] = {}
    found: dict[str, Array] = {}
    with built(compilation, folder) as models:
        share(models, random_weights(task.graph, 1.0), task, folder)
        for backend, one in models.items():
            train, data = one.program.module("train"), one.program.module("data")
            dataset = data.load(folder / "data.npz")
            records[backend] = []
            report = records[backend].append
            train.fit(one.model, dataset, folder / f"run-{backend}", epochs=2, report=report)
            scores[backend] = train.evaluate(one.model, dataset.test)
            predicted = train.predict(one.model, dataset.test.inputs)
            data.write_predictions(folder / "out.csv", predicted)
            assert len((folder / "out.csv").read_text().splitlines()) == 1 + len(dataset.test)
            found = {"x": dataset.test.inputs[0], "tags": predicted[0]}
            found["truth"] = dataset.test.targets[0]
    return records, scores, found


def test_sequences_of_their_own_lengths_are_refused(tmp_path: Path) -> None:
    rng, lengths = np.random.default_rng(0), np.arange(1, 11)
    steps = int(lengths.sum())
    np.savez(
        tmp_path / "data.npz",
        n=lengths,
        x=rng.integers(1, 9, steps),
        tags=rng.integers(0, 3, steps),
        kind=rng.integers(0, 2, 10),
    )
    spec = tmp_path / "m.seq"
    spec.write_text("""
    model M(x: token(9, pad=0)[B, T]) -> (tags: float[B, T, 3], kind: float[B, 2]) {
        h = x -> embedding(4)
        tags = h -> dense(3)
        kind = h -> lstm(3) -> dense(2)
    }
    data d { source = npz("data.npz", lengths=n) }
    train M {
        data = d
        loss = sparse_categorical_crossentropy(tags) + sparse_categorical_crossentropy(kind)
    }
    """)
    found = [d for d in Compilation.of(spec).check() if d.severity.value == "error"]
    assert [d.code.number for d in found] == ["SEQ309"]
    assert "sequences of their own lengths train a model with one output" in found[0].message
