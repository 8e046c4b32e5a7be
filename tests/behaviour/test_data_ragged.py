"""Sequences of lengths of their own in the generated ``data.py``: flat, sliced, padded, sorted."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from seqspec.types import Tensor
from seqspec.vocabulary.data import READERS
from seqspec.vocabulary.sequences import BATCHES
from tests.behaviour.data_tasks import MINMAX, chronological, floats, program, setting, task, tokens

LENGTHS = np.array([3, 1, 5, 2, 4, 2, 7, 3, 2, 6])
RNG = np.random.default_rng(5)
STEPS = RNG.normal(3, 2, (LENGTHS.sum(), 2)).astype(np.float32)
KIND = np.arange(10) % 3
SEQUENCES = np.split(STEPS, np.cumsum(LENGTHS)[:-1])


def ragged(folder: Path, output: Tensor, target: str, *, pool: int = 0, **given: Any) -> Task:
    """Sequences of two numbers a step in an npz file, 60% of them for training."""
    path = folder / "walks.npz"
    arrays = {"x": STEPS, "lengths": LENGTHS, "kind": KIND, "sign": (STEPS[:, 0] > 3).astype(int)}
    np.savez(path, **arrays | given.pop("arrays", {}))
    source = setting(READERS["npz"], path=str(path), lengths=("lengths",))
    inputs = given.pop("inputs", {"x": (floats("B", "T", 2), ("x",))})
    made = task(source, inputs, output, (target,), split=chronological(), **given)
    assert made.training is not None
    data = replace(made.training.data, ragged={"T": "lengths"})
    if pool:
        data = replace(data, batches=setting(BATCHES["bucketed"], pool=pool))
    return replace(made, training=replace(made.training, data=data))


def classes(folder: Path, **given: Any) -> Task:
    """The kind of each sequence is to be told."""
    return ragged(folder, floats("B", 3), "kind", loss="sparse_categorical_crossentropy", **given)


def test_a_batch_is_padded_to_its_longest_only(tmp_path: Path) -> None:
    data = program(classes(tmp_path), tmp_path)
    part = data.load().train
    assert len(part) == 6
    (x,), kind = part.batch(np.array([3, 0, 1]))
    assert x.shape == (3, 3, 2)
    assert x.dtype == np.float32
    for row, place in zip(x, (3, 0, 1), strict=True):
        np.testing.assert_array_equal(row[: LENGTHS[place]], SEQUENCES[place])
        assert (row[LENGTHS[place] :] == 0).all()
    np.testing.assert_array_equal(kind, KIND[[3, 0, 1]])
    assert [inputs[0].shape[1] for inputs, _ in data.batches(part, 2)] == [3, 5, 4]
    assert part.inputs[0].values.size == LENGTHS[:6].sum() * 2, "nothing is kept padded"


def test_slices_and_choices_keep_the_right_steps(tmp_path: Path) -> None:
    sequences = program(classes(tmp_path), tmp_path).Ragged(STEPS, LENGTHS)
    for chosen in (slice(2, 5), slice(None), np.array([9, 0, 4, 4]), np.array([], int)):
        found = sequences[chosen]
        wanted = np.arange(10)[chosen]
        np.testing.assert_array_equal(found.lengths, LENGTHS[wanted])
        expected = np.concatenate([STEPS[:0], *(SEQUENCES[i] for i in wanted)])
        np.testing.assert_array_equal(found.values, expected)
        assert (
            np.asarray(found).shape
            == found.shape
            == (
                len(wanted),
                max((LENGTHS[i] for i in wanted), default=0),
                2,
            )
        )


def test_scaling_is_fitted_on_the_steps_of_the_training_part(tmp_path: Path) -> None:
    data = program(classes(tmp_path, scale=MINMAX), tmp_path)
    dataset = data.load()
    steps = STEPS[: LENGTHS[:6].sum()].astype(np.float64)
    low, span = steps.min(0), steps.max(0) - steps.min(0)
    for part, places in ((dataset.train, range(6)), (dataset.test, range(8, 10))):
        (x,), _ = part.batch(np.arange(len(part)))
        for row, place in zip(x, places, strict=True):
            np.testing.assert_allclose(
                row[: LENGTHS[place]], (SEQUENCES[place] - low) / span, rtol=1e-5, atol=1e-6
            )
            assert (row[LENGTHS[place] :] == 0).all(), "padding is what the model is told, unscaled"
    (inputs,) = data.inputs_for_prediction(tmp_path / "walks.npz", dataset.scaling)
    assert len(inputs) == 10


def test_targets_of_each_step_are_as_long(tmp_path: Path) -> None:
    output = floats("B", "T", 2)
    data = program(
        ragged(tmp_path, output, "sign", loss="sparse_categorical_crossentropy"), tmp_path
    )
    part = data.load().validation
    (x,), sign = part.batch(np.array([1, 0]))
    assert sign.shape == x.shape[:2]
    assert sign.dtype == np.int64
    np.testing.assert_array_equal(sign[1], SEQUENCES[6][:, 0] > 3)
    # Scores are of steps that there are, in the order of the file.
    scores = np.zeros((*x.shape[:2], 2))
    scores[..., 1] = x[..., 0] - 3
    found = part.inputs[0][np.array([1, 0])].like(scores)
    assert data.score(found.values, part.target[np.array([1, 0])].values) == {"accuracy": 1.0}


def test_the_next_step_of_each_sequence_is_its_own(tmp_path: Path) -> None:
    lengths = np.where(LENGTHS < 2, 2, LENGTHS)
    steps = RNG.normal(size=(lengths.sum(), 2)).astype(np.float32)
    arrays = {"x": steps, "lengths": lengths, "sign": np.zeros(len(steps), int)}
    made = ragged(tmp_path, floats("B", "T", 2), "x", kind="next_step", arrays=arrays)
    data = program(made, tmp_path)
    part = data.load().train
    (x,), target = part.batch(np.arange(6))
    wholes = np.split(steps, np.cumsum(lengths)[:-1])
    for row, after, whole in zip(x, target, wholes, strict=False):
        np.testing.assert_array_equal(row[: len(whole) - 1], whole[:-1])
        np.testing.assert_array_equal(after[: len(whole) - 1], whole[1:])
        assert not after[len(whole) - 1 :].any()
    (inputs,) = data.inputs_for_prediction(tmp_path / "walks.npz")
    np.testing.assert_array_equal(inputs.lengths, lengths)  # what comes after the end, too


def test_ids_are_padded_too_and_held_to_their_bound(tmp_path: Path) -> None:
    letters = RNG.integers(0, 5, LENGTHS.sum())
    inputs = {"word": (tokens(5, "B", "T"), ("word",))}
    made = classes(tmp_path, inputs=inputs, arrays={"word": letters})
    data = program(made, tmp_path)
    (x,), _ = data.load().train.batch(np.array([1, 2]))
    assert x.dtype == np.int64
    assert x.tolist()[0] == [letters[3], 0, 0, 0, 0]
    letters[7] = 5
    made = classes(tmp_path, inputs=inputs, arrays={"word": letters})
    with pytest.raises(data.DataError, match=r"array 'word' holds 5 at \[7\]"):
        data.load(tmp_path / "walks.npz")


@pytest.mark.parametrize("pool", [1, 2, 100])
def test_buckets_hold_similar_lengths_and_every_sample_once(tmp_path: Path, pool: int) -> None:
    lengths = RNG.integers(1, 40, 103)
    steps = np.zeros((lengths.sum(), 2))
    arrays = {"x": steps, "lengths": lengths, "kind": np.zeros(103, int), "sign": steps[:, 0]}
    made = classes(tmp_path, pool=pool, arrays=arrays)
    data = program(made, tmp_path)
    part = data.load().train
    assert len(part) == 62
    order = data.bucketed(part, 8, np.random.default_rng([0, 1]))
    assert sorted(order) == list(range(62))
    again = data.bucketed(part, 8, np.random.default_rng([0, 1]))
    np.testing.assert_array_equal(order, again)
    other = data.bucketed(part, 8, np.random.default_rng([0, 2]))
    assert (order != other).any()
    sizes = [len(target) for _, target in data.batches(part, 8, np.random.default_rng([0, 1]))]
    assert sizes == [8] * 7 + [6], "the smaller batch is the last one"
    longest = [part.inputs[0].lengths[order[i : i + 8]] for i in range(0, 56, 8)]
    spread = np.mean([group.max() - group.min() for group in longest])
    drawn = np.random.default_rng(3).permutation(62)
    groups = [part.inputs[0].lengths[drawn[i : i + 8]] for i in range(0, 56, 8)]
    plain = np.mean([group.max() - group.min() for group in groups])
    assert (spread < 0.8 * plain) == (pool > 1)
    starts = [group.min() for group in longest]
    assert starts != sorted(starts), "batches do not go from short to long"


def test_predictions_are_written_step_by_step(tmp_path: Path) -> None:
    made = ragged(tmp_path, floats("B", "T", 2), "sign", loss="sparse_categorical_crossentropy")
    data = program(made, tmp_path)
    values = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]])
    path = tmp_path / "out.csv"
    data.write_predictions(path, data.Ragged(values, np.array([1, 2])))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["sample", "step", "sign"],
        ["1", "1", "1"],
        ["2", "1", "0"],
        ["2", "2", "1"],
    ]
    path = tmp_path / "out.npy"
    data.write_predictions(path, data.Ragged(values, np.array([1, 2])))
    assert np.load(path).tolist() == [[[0, 1], [0, 0]], [[1, 0], [0, 2]]]

    made = ragged(tmp_path, floats("B", "T", 2), "x")
    data = program(made, tmp_path)
    data.write_predictions(path.with_suffix(".csv"), data.Ragged(values, np.array([1, 2])))
    text = path.with_suffix(".csv").read_text(encoding="utf-8")
    assert text.splitlines()[:2] == ["sample,step,x_1,x_2", "1,1,0,1"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"lengths": LENGTHS[:-1]}, "B is 10 in array 'kind'|B is 9 in array 'lengths'"),
        ({"lengths": LENGTHS + 1}, "the lengths in 'lengths' add up to 45 steps, but array 'x'"),
        ({"lengths": LENGTHS * 0}, "must hold lengths: whole numbers, 1 or more"),
        ({"lengths": -LENGTHS}, "must hold lengths: whole numbers, 1 or more"),
        ({"lengths": LENGTHS + 0.5}, "must hold lengths: whole numbers, 1 or more"),
        ({"lengths": LENGTHS[:, None]}, r"has shape \(10, 1\), the spec declares \[B\]"),
        ({"x": STEPS[:, :1]}, r"has shape \(35, 1\), the spec declares \[steps, 2\]"),
        ({"x": STEPS * np.nan}, "not a finite number"),
        ({"x": STEPS.astype(str)}, "holds no numbers"),
    ],
)
def test_files_that_cannot_be_used_are_explained(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    data = program(classes(tmp_path, arrays=arrays), tmp_path)
    with pytest.raises(data.DataError, match=message):
        data.load()
