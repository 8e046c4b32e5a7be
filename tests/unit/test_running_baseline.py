"""Naive baselines against values worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from seqspec.running.baseline import Baseline, baselines
from tests.unit.running_fakes import task, tensor


class Part(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.target)


def mae(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
    assert prediction.shape == target.shape
    return {"mae": float(np.abs(prediction - target).mean())}


def ranked(spec: Task, part: Any, score: Any = mae) -> tuple[Baseline, ...]:
    return baselines(spec, part, part, score)


def windows(series: np.ndarray, steps: int, horizon: int) -> Part:
    """Windows [N, steps, C] and what follows them, [N, horizon, C]."""
    view = np.lib.stride_tricks.sliding_window_view(series, steps + horizon, axis=0)
    view = np.moveaxis(view, -1, 1)
    return Part(inputs=(view[:, :steps],), target=view[:, steps:])


def test_last_value_of_a_ramp_is_one_off() -> None:
    part = windows(np.arange(40.0)[:, None], 12, 1)
    part.target = part.target[:, 0]
    (last,) = ranked(task(), part)
    assert str(last) == "last value: mae 1"


def test_a_season_is_found_and_wins() -> None:
    part = windows(np.tile([0.0, 1.0, 5.0, 2.0, 2.5], 20)[:, None], 12, 3)
    spec = task(output=tensor("B", 3, 1))
    season, last = ranked(spec, part)
    assert season.name == "value 5 steps before"
    assert season.scores["mae"] == 0
    assert last.name == "last value"


def test_seasons_shorter_than_the_horizon_repeat() -> None:
    part = windows(np.tile([0.0, 4.0, 1.0], 20)[:, None], 6, 5)
    best, _ = ranked(
        task(output=tensor("B", 5)), Part(inputs=part.inputs, target=part.target[..., 0])
    )
    assert best.name == "value 3 steps before"
    assert best.scores["mae"] == 0


def test_target_columns_are_picked_by_name_from_the_right_input() -> None:
    rng = np.random.default_rng(0)
    noise, ramp = rng.normal(size=60), np.arange(60.0)
    both = windows(np.stack([noise, ramp], 1), 4, 1)
    part = Part(inputs=(both.inputs[0][:, :, :1], both.inputs[0]), target=both.target[:, 0, 1:])
    spec = task(
        inputs={
            "a": (tensor("B", 4, 1), ("noise",)),
            "b": (tensor("B", 4, 2), ("noise", "ramp")),
        },
        target=("ramp",),
    )
    names = {b.name: b.scores["mae"] for b in ranked(spec, part)}
    assert names["last value"] == 1


def test_without_its_past_among_the_inputs_a_target_gets_the_mean() -> None:
    part = windows(np.arange(40.0)[:, None], 12, 1)
    part.target = part.target[:, 0]
    (mean,) = ranked(task(target=("other",)), part)
    assert mean.name == "mean of the training part"


def test_the_next_step_of_every_step() -> None:
    series = np.tile([0.0, 3.0, 1.0], 20)[:, None]
    both = np.moveaxis(np.lib.stride_tricks.sliding_window_view(series, 10, axis=0), -1, 1)
    part = Part(inputs=(both[:, :9],), target=both[:, 1:])
    spec = task(target_kind="next_step", output=tensor("B", 9, 1))
    scores = {b.name: b.scores["mae"] for b in ranked(spec, part)}
    assert scores["last value"] == pytest.approx(2)
    assert scores["value 3 steps before"] < 0.6  # only the first steps have no season behind them


@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("steps", [(), (6,)])
def test_the_most_frequent_class(logits: bool, steps: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    target = rng.choice(3, (50, *steps), p=[0.2, 0.7, 0.1])
    spec = task(
        loss="sparse_categorical_crossentropy",
        from_logits=logits,
        output=tensor("B", *steps, 3),
        windows=False,
        target_kind="row",
    )

    def score(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
        assert prediction.shape == (50, *steps, 3)
        if not logits:
            assert prediction.sum(-1) == pytest.approx(1)
        return {"accuracy": float((prediction.argmax(-1) == target).mean())}

    (only,) = ranked(spec, Part(inputs=(), target=target), score)
    assert only.name == "most frequent class"
    assert only.scores["accuracy"] == pytest.approx((target == 1).mean())


def test_one_hot_and_binary_targets() -> None:
    hot = np.eye(4, dtype=np.float32)[[0, 1, 1, 1]]
    spec = task(
        loss="categorical_crossentropy", from_logits=True, output=tensor("B", 4), windows=False
    )

    def hits(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return {"accuracy": float((prediction.argmax(-1) == target.argmax(-1)).mean())}

    assert ranked(spec, Part(inputs=(), target=hot), hits)[0].scores["accuracy"] == 0.75
    binary = np.array([[1.0], [1.0], [1.0], [0.0]], np.float32)
    spec = task(loss="binary_crossentropy", output=tensor("B", 1), windows=False)

    def share(prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
        assert prediction.shape == target.shape
        return {"share": float(prediction.mean())}

    assert ranked(spec, Part(inputs=(), target=binary), share)[0].scores["share"] == 0.75
