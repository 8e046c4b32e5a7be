"""Scores of forecasts and of sequences: both programs against equations, written out slowly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.baseline import baselines
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]


def evaluated(compilation: Compilation, data: Path) -> tuple[dict[str, float], Any, Any]:
    """The scores of the test part, the same in both programs; predictions and targets."""
    task = task_of(compilation)
    found: dict[str, tuple[dict[str, float], Any, Any]] = {}
    with built(compilation, data.parent) as models:
        share(models, random_weights(task.graph, 1.0), task, data.parent)
        for backend, one in models.items():
            train = one.program.module("train")
            dataset = one.program.module("data").load(data)
            part, scaling = dataset.test, getattr(dataset, "scaling", None)
            given = () if scaling is None else (scaling,)
            prediction, target = train.predict(one.model, part.inputs), part.target
            if scaling is not None:
                prediction, target = map(scaling.invert_target, (prediction, target))
            found[backend] = train.evaluate(one.model, part, *given), prediction, target
            first = train.first_batch(dataset.train)
            train.evaluate(one.model, first, *given)
    assert found["torch"][0] == pytest.approx(found["keras"][0], rel=1e-5)
    return found["torch"]


# ---- forecasts


def naive(values: Array, season: int) -> float:
    """How far each value is from the one a season before it."""
    steps = range(season, len(values))
    return sum(abs(float(values[t]) - float(values[t - season])) for t in steps) / len(steps)


def forecast(folder: Path, source: str, more: str = "", features: int = 1) -> Compilation:
    spec = folder / "case.seq"
    spec.write_text(
        f"model F(hours: float[B, 8, 1]) -> float[B, {3 * features}] {{\n"
        f"    hours -> gru(4) -> dense({3 * features})\n}}\n"
        f"data d {{\n    source = {source}\n    inputs = [v]\n    target = [v]\n"
        f"    windows = sliding(steps=8, horizon=3)\n{more}}}\n"
        "train F {\n    data = d\n    loss = mae\n    metrics = [mase, mase(season=4)]\n"
        "    batch_size = 8\n}\n"
    )
    return Compilation.of(spec)


@pytest.mark.parametrize("more", ["", "    scale = standard()\n", "    memory = map\n"])
def test_errors_are_scaled_by_the_training_part(more: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal(100).cumsum() * 20
    data = tmp_path / "v.csv"
    data.write_text("v\n" + "\n".join(f"{v:.3f}" for v in values) + "\n")
    found, prediction, target = evaluated(forecast(tmp_path, 'csv("v.csv")', more), data)
    mean = float(abs(prediction - target).mean())
    train = np.array([float(f"{v:.3f}") for v in values[:70]])
    assert found["mase"] == pytest.approx(mean / naive(train, 1), rel=1e-5)
    assert found["mase_4"] == pytest.approx(mean / naive(train, 4), rel=1e-5)
    assert found["mae"] == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("split", ["chronological", "by_series"])
def test_each_series_has_its_own_scale(split: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    series = {name: rng.standard_normal(100).cumsum() * 7**i for i, name in enumerate("abcde")}
    series["short"] = rng.standard_normal(17) - 500  # long enough for one part only
    rows = [f"{v:.4f},{n},{t}" for n, vs in series.items() for t, v in enumerate(vs)]
    data = tmp_path / "v.csv"
    data.write_text("v,s,t\n" + "\n".join(rows) + "\n")
    source = 'csv("v.csv", columns=[v, s, t], series=s, order=t)'
    compilation = forecast(tmp_path, source, f"    split = {split}()\n    scale = minmax()\n")
    found, prediction, target = evaluated(compilation, data)
    with built(compilation, tmp_path) as models:
        dataset = models["torch"].program.module("data").load(data)
        scaling = dataset.scaling
        first = scaling.invert_target(dataset.test.target[:, 0])
    names = [min(series, key=lambda n: abs(series[n] - v).min()) for v in first]
    known = {n: v[: round(len(v) * 0.7)] for n, v in series.items()}
    if split == "by_series":
        starts = scaling.invert_target(dataset.train.target[:, 0])
        trained = {min(series, key=lambda n: abs(series[n] - v).min()) for v in starts}
        assert not trained & set(names)
        known = {n: v for n, v in series.items() if n in trained}
    for season, name in ((1, "mase"), (4, "mase_4")):
        scales = {n: naive(v, season) for n, v in known.items()}
        other = sum(scales.values()) / len(scales)
        errors = [
            float(abs(p - y).mean()) / scales.get(n, other)
            for p, y, n in zip(prediction, target, names, strict=True)
        ]
        assert found[name] == pytest.approx(float(np.mean(errors)), rel=1e-3)


def in_original_units(
    program: Any, scaling: Any, prediction: Array, target: Array, series: Array, errors: Any
) -> dict[str, float]:
    """As a training scores its baselines."""
    made, meant = (scaling.invert_target(values, series) for values in (prediction, target))
    return dict(program.score(made, meant, errors))


def test_scaled_by_series(tmp_path: Path) -> None:
    """Both kinds of scale that a series has for itself: the model's, and that of its errors."""
    rng = np.random.default_rng(4)
    series = {name: rng.standard_normal(80).cumsum() * 9**i for i, name in enumerate("abc")}
    rows = [f"{v:.4f},{n},{t}" for n, vs in series.items() for t, v in enumerate(vs)]
    data = tmp_path / "v.csv"
    data.write_text("v,s,t\n" + "\n".join(rows) + "\n")
    source = 'csv("v.csv", columns=[v, s, t], series=s, order=t)'
    compilation = forecast(tmp_path, source, "    scale = standard(per=series)\n")
    task = task_of(compilation)
    found: dict[str, dict[str, float]] = {}
    with built(compilation, tmp_path) as models:
        share(models, random_weights(task.graph, 1.0), task, tmp_path)
        for backend, one in models.items():
            train, program = one.program.module("train"), one.program.module("data")
            dataset = program.load(data)
            part, scaling = dataset.test, dataset.scaling
            found[backend] = train.evaluate(one.model, part, scaling)
            first = train.first_batch(dataset.train)
            assert len(first.series) == len(first.naive["mase"]) == 8
            values = train.predict(one.model, part.inputs)
            values, truth = (scaling.invert_target(v, part.series) for v in (values, part.target))
            scales = np.array([naive(series[n][:56], 1) for n in part.series])
            expected = float((abs(values - truth).mean(axis=1) / scales).mean())
            assert found[backend]["mase"] == pytest.approx(expected, rel=1e-4)
            score = partial(in_original_units, program, scaling)
            assert "mase" in baselines(task, dataset.train, part, score)[0].scores
    assert found["torch"] == pytest.approx(found["keras"], rel=1e-5)


def test_several_outputs_and_columns(tmp_path: Path) -> None:
    """Each column is measured by itself; the last value of a random walk has about one."""
    rng = np.random.default_rng(2)
    walks = rng.standard_normal((300, 3)).cumsum(axis=0) * [1, 10, 100]
    data = tmp_path / "v.npz"
    np.savez(data, x=walks, level=walks[:, :2], flow=walks[:, 2:])
    spec = tmp_path / "case.seq"
    spec.write_text(
        "model F(x: float[B, 4, 3]) -> (level: float[B, 2], flow: float[B, 4, 1]) {\n"
        "    h = x -> gru(4, return=sequence)\n"
        "    level = h.last -> dense(2)\n    flow = h -> dense(1)\n}\n"
        'data d { source = npz("v.npz"), windows = sliding(steps=4) }\n'
        "train F {\n    data = d\n    loss = mse(level) + mse(flow, next_step([flow]))\n"
        "    metrics = [mase]\n}\n"
    )
    compilation = Compilation.of(spec)
    task = task_of(compilation)
    with built(compilation, tmp_path) as models:
        for one in models.values():
            program = one.program.module("data")
            part = program.load(data).test
            level, flow = part.targets
            found = program.score((level + 1, flow + 1), (level, flow), part.naive)
            train = walks[: round(300 * 0.7)]
            of_levels = [1 / naive(train[:, c], 1) for c in (0, 1)]
            assert found["level_mase"] == pytest.approx(sum(of_levels) / 2, rel=1e-4)
            assert found["flow_mase"] == pytest.approx(1 / naive(train[:, 2], 1), rel=1e-4)
            dataset = program.load(data)
            (last,) = baselines(task, dataset.train, dataset.test, program.score)
            assert {"level_mase", "flow_mase"} <= set(last.scores)


def test_a_season_longer_than_the_training_part(tmp_path: Path) -> None:
    compilation = forecast(tmp_path, 'csv("v.csv")')
    spec = tmp_path / "case.seq"
    spec.write_text(spec.read_text().replace("season=4", "season=70"))
    (tmp_path / "v.csv").write_text("v\n" + "1\n2\n" * 50)
    compilation = Compilation.of(spec)
    with built(compilation, tmp_path) as models:
        for one in models.values():
            data = one.program.module("data")
            with pytest.raises(data.DataError, match="70 rows: too few"):
                data.load(tmp_path / "v.csv")


# ---- sequences of classes


def distance(a: Sequence[int], b: Sequence[int]) -> int:
    """Levenshtein's, by its definition."""
    if not a or not b:
        return len(a) + len(b)
    rest = distance(a[1:], b[1:]) + (a[0] != b[0])
    return min(rest, distance(a[1:], b) + 1, distance(a, b[1:]) + 1)


STEPS, CLASSES = 5, 3
#: input, source, loss: how sequences end
SEQUENCES = {
    "alike": ("float[B, T, 2]", "", "sparse_categorical_crossentropy"),
    "padded": ("token(9, pad=0)[B, T]", "", "sparse_categorical_crossentropy"),
    "ragged": ("token(9, pad=0)[B, T]", ", lengths=n", "sparse_categorical_crossentropy"),
    "one-hot": ("float[B, T, 2]", "", "categorical_crossentropy"),
    "ignored": ("float[B, T, 2]", "", "sparse_categorical_crossentropy(ignore_class=1)"),
    "padded, ignored": (
        "token(9, pad=0)[B, T]",
        "",
        "sparse_categorical_crossentropy(ignore_class=1)",
    ),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_distance_of_sequences(case: str, tmp_path: Path) -> None:
    type_, lengths, loss = SEQUENCES[case]
    rng = np.random.default_rng(3)
    n = rng.integers(1, STEPS + 1, 60)
    there = np.arange(STEPS) < n[:, None]
    tokens = type_.startswith("token")
    x = rng.integers(1, 9, there.shape) if tokens else rng.standard_normal((60, STEPS, 2))
    ids = rng.integers(0, CLASSES, there.shape)
    if lengths:
        arrays = {"x": x[there], "y": ids[there], "n": n}
    else:
        arrays = {"x": np.where(there, x, 0) if tokens else x, "y": ids}
    if case == "one-hot":
        arrays["y"] = np.eye(CLASSES)[ids]
    np.savez(tmp_path / "data.npz", **arrays)
    layers = "embedding(4) -> " if tokens else ""
    (tmp_path / "case.seq").write_text(
        f"model M(x: {type_}) -> float[B, T, {CLASSES}] {{\n"
        f"    x -> {layers}gru(5, return=sequence) -> dense({CLASSES})\n}}\n"
        f'data d {{ source = npz("data.npz"{lengths}), target = y }}\n'
        f"train M {{\n    data = d\n    loss = {loss}\n"
        "    metrics = [edit_distance, recall, precision]\n    batch_size = 8\n}\n"
    )
    compilation = Compilation.of(tmp_path / "case.seq")
    found, prediction, target = evaluated(compilation, tmp_path / "data.npz")
    with built(compilation, tmp_path) as models:
        one = models["torch"].program.module("data")
        dataset = one.load(tmp_path / "data.npz")
        inputs = np.array(dataset.test.inputs[0])
        baselines(task_of(compilation), dataset.train, dataset.test, one.score)
    if lengths:
        ends = np.cumsum(target.lengths)[:-1]
        rows, truth = np.split(prediction.values, ends), np.split(target.values, ends)
    else:
        known = inputs != 0 if tokens else np.ones(inputs.shape[:2], bool)
        truth = target.argmax(-1) if case == "one-hot" else target
        rows = [p[k] for p, k in zip(prediction, known, strict=True)]
        truth = [y[k] for y, k in zip(truth, known, strict=True)]
    shares: list[float] = []
    for p, y in zip(rows, truth, strict=True):
        told, true = p.argmax(-1), y
        if "ignored" in case:
            told, true = told[y != 1], true[y != 1]
        shares.append(distance(told.tolist(), true.tolist()) / max(len(true), 1))
    assert found["edit_distance"] == pytest.approx(sum(shares) / len(shares), rel=1e-6)
    assert found["edit_distance"] > 0


def test_what_is_put_in_costs_one(tmp_path: Path) -> None:
    """A sequence that is one step late is two away: nobody counts the steps in between."""
    (tmp_path / "case.seq").write_text(
        f"model M(x: float[B, T, 2]) -> float[B, T, {CLASSES}] {{ x -> dense({CLASSES}) }}\n"
        'data d { source = npz("data.npz"), target = y }\n'
        "train M {\n    data = d\n    loss = sparse_categorical_crossentropy\n"
        "    metrics = [edit_distance]\n}\n"
    )
    compilation = Compilation.of(tmp_path / "case.seq")
    true = np.array([[0, 1, 2, 0, 1, 2, 0, 1]])
    late = np.eye(CLASSES)[np.roll(true, 1)]
    with built(compilation, tmp_path) as models:
        for one in models.values():
            assert one.program.module("data").score(late, true)["edit_distance"] == 2 / 8
