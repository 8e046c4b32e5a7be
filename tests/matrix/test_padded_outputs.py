"""Several outputs, some of which are padded: of those the steps of data alone count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.baseline import baselines
from tests.behaviour.data_tasks import program
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
    folder: Path,
    given: dict[str, Any],
    tags: str,
    mask: str,
    metrics: str,
    spec: str = SPEC,
    backends: tuple[str, ...] = ("torch", "keras"),
) -> tuple[dict[str, list[dict[str, float]]], dict[str, dict[str, float]], dict[str, Any]]:
    """Records and scores of both programs, and what one of them predicts."""
    folder.mkdir()
    np.savez(folder / "data.npz", **given)
    path = folder / "m.seq"
    text = spec
    for name, written in (("tags", tags), ("mask", mask), ("metrics", metrics)):
        text = text.replace(f"{{{name}}}", written)
    path.write_text(text)
    compilation = Compilation.of(path)
    task = task_of(compilation)
    records: dict[str, list[dict[str, float]]] = {}
    scores: dict[str, dict[str, float]] = {}
    found: dict[str, Any] = {}
    with built(compilation, folder) as models:
        share(models, random_weights(task.graph, 1.0), task, folder)
        for backend in backends:
            one = models[backend]
            train, data = one.program.module("train"), one.program.module("data")
            dataset = data.load(folder / "data.npz")
            records[backend] = []
            report = records[backend].append
            train.fit(one.model, dataset, folder / f"run-{backend}", epochs=2, report=report)
            scores[backend] = train.evaluate(one.model, dataset.test)
            predicted = train.predict(one.model, dataset.test.inputs)
            data.write_predictions(folder / "out.csv", predicted)
            if spec != RAGGED:
                lines = (folder / "out.csv").read_text().splitlines()
                assert len(lines) == 1 + len(dataset.test)
            found = {"x": dataset.test.inputs[0], "tags": predicted[0]}
            found["truth"] = dataset.test.targets[0]
    return records, scores, found


RAGGED = (
    SPEC.replace('npz("data.npz")', 'npz("data.npz", lengths=[n, m])')
    .replace("float(pad=lengths)", "float(pad=9)")
    .replace("random(train", "random(seed=1, train")
)


def flat_arrays() -> dict[str, Array]:
    """The same kind of data as sequences of two axes, each of lengths of its own."""
    rng = np.random.default_rng(1)
    n, m = rng.integers(1, T + 1, SAMPLES), rng.integers(1, S + 1, SAMPLES)
    return {
        "n": n,
        "m": m,
        "x": rng.integers(1, 9, n.sum()),
        "z": rng.standard_normal((m.sum(), 2)).astype(np.float32),
        "tags": rng.integers(0, 3, n.sum()),
        "kind": rng.integers(0, 2, SAMPLES),
        "mask": rng.standard_normal((m.sum(), 1)).astype(np.float32),
        "each": rng.integers(0, 4, SAMPLES) / 2,
        "w": rng.integers(0, 4, n.sum()) / 2,
    }


def padded(given: dict[str, Array]) -> dict[str, Array]:
    """The same samples, padded to one length."""
    found = {"kind": given["kind"], "each": given["each"]}
    for lengths, steps, names in (("n", T, ("x", "tags", "w")), ("m", S, ("z", "mask"))):
        there = np.arange(steps) < given[lengths][:, None]
        for name in names:
            fill = 9 if name == "z" else 0
            found[name] = np.full((*there.shape, *given[name].shape[1:]), fill, given[name].dtype)
            found[name][there] = given[name]
    return found


@pytest.mark.slow
def test_sequences_of_their_own_lengths(tmp_path: Path) -> None:
    """Both programs agree, and say the same of the same samples when these come padded."""
    given = flat_arrays()
    told = (
        ", class_weight=[1, 2, 4], sample_weight=w",
        ", sample_weight=each",
        "accuracy, mae(mask), rmse(mask), edit_distance(tags)",
    )
    records, scores, predicted = _run(tmp_path / "a", given, *told, spec=RAGGED)
    assert_same(records, 1e-5)
    assert scores["torch"] == pytest.approx(scores["keras"], abs=1e-5)
    whole = SPEC.replace("float(pad=lengths)", "float(pad=9)")
    whole = whole.replace("random(train", "random(seed=1, train")
    others, other_scores, _ = _run(tmp_path / "b", padded(given), *told, whole, ("torch",))
    assert_same({"torch": records["torch"], "keras": others["torch"]}, 1e-5)
    assert other_scores["torch"] == pytest.approx(scores["torch"], abs=1e-5)
    hits = predicted["tags"].values.argmax(-1) == predicted["truth"].values
    assert scores["torch"]["tags_accuracy"] == pytest.approx(hits.mean())
    lines = (tmp_path / "a" / "out.csv").read_text().splitlines()
    assert lines[0] == "sample,step,tags,kind,mask"
    test = [line.split(",") for line in lines[1:]]
    each = max(len(predicted["x"].lengths), 1)
    assert sum(1 for line in test if line[3]) == each, "one kind for each sample, in its first line"
    assert sum(1 for line in test if line[2]) == predicted["x"].lengths.sum()


def test_a_step_that_one_target_lacks_is_left_out_of_all(tmp_path: Path) -> None:
    """Where one output tells the next step, none has one behind the last."""
    n = np.array([3, 2, 4, 2, 3])
    x = np.arange(1, n.sum() + 1) % 8 + 1
    np.savez(tmp_path / "data.npz", n=n, x=x, tags=x % 3, w=x / 2)
    spec = tmp_path / "m.seq"
    spec.write_text("""
    model M(x: token(9, pad=0)[B, T]) -> (after: float[B, T, 9], tags: float[B, T, 3]) {
        h = x -> embedding(4) -> gru(3, return=sequence)
        after = h -> dense(9)
        tags = h -> dense(3)
    }
    data d { source = npz("data.npz", lengths=n), split = chronological(train=60%) }
    train M {
        data = d
        loss = sparse_categorical_crossentropy(after, next_step([x]))
             + sparse_categorical_crossentropy(tags, sample_weight=w)
    }
    """)
    data = program(task_of(Compilation.of(spec)), tmp_path)
    (seen,), (after, tags), (_, weight) = data.load(tmp_path / "data.npz").train.batch(np.arange(2))
    assert seen.tolist() == [[2, 3], [5, 0]]
    assert after.tolist() == [[3, 4], [6, 0]]
    assert tags.tolist() == [[2, 0], [2, 0]]
    assert weight.tolist() == [[1, 1.5], [2.5, 0]]


def test_a_baseline_leaves_padding_out(tmp_path: Path) -> None:
    """Sequences of their own lengths and the same ones padded have the same baseline."""
    told = {"tags": "", "mask": "", "metrics": "accuracy, mae, rmse, edit_distance(tags)"}
    whole = SPEC.replace("float(pad=lengths)", "float(pad=9)")
    whole = whole.replace("random(train", "random(seed=1, train")
    given = flat_arrays()
    found: list[dict[str, float]] = []
    for text, arrays in ((RAGGED, given), (whole, padded(given))):
        np.savez(tmp_path / "data.npz", allow_pickle=False, **arrays)
        for name, written in told.items():
            text = text.replace(f"{{{name}}}", written)
        (tmp_path / "m.seq").write_text(text)
        task = task_of(Compilation.of(tmp_path / "m.seq"))
        data = program(task, tmp_path)
        dataset = data.load(tmp_path / "data.npz")
        (best,) = baselines(task, dataset.train, dataset.test, data.score)
        found.append(dict(best.scores))
    assert found[0] == pytest.approx(found[1])
