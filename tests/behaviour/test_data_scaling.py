"""A scale for each series: fitted on its training part, kept, inverted, refused where unknown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.running.baseline import baselines
from tests.behaviour.data_tasks import loaded
from tests.behaviour.test_data_program import clean

SPEC = """
model Stations(hours: float[B, 4, 2], place: float[B, 1]) -> OUTPUT {
    h = concat(hours -> gru(4), place)
    BODY
}
data airports {
    source = csv("t.csv", series=station, order=hour)
    inputs = feed(hours=[a, b], place=[lat])
    windows = sliding(steps=4, horizon=HORIZON)
    split = chronological(train=60%, validation=20%)
    scale = SCALE(per=series)
    TARGET
}
train Stations {
    data = airports, loss = mse, epochs = 2
}
"""
ONE = {"OUTPUT": "float[B, 1]", "BODY": "h -> dense(1)", "HORIZON": "1", "TARGET": "target = [b]"}
MANY = {"OUTPUT": "float[B, 3]", "BODY": "h -> dense(3)", "HORIZON": "3", "TARGET": "target = b"}
TWO = {
    "OUTPUT": "(a: float[B, 2], b: float[B, 2, 1])", "HORIZON": "2", "TARGET": "",
    "BODY": "a = h -> dense(2)\n    b = h -> repeat(2) -> gru(1, return=sequence)",
}  # fmt: skip
BASE = {"JFK": 1000.0, "EWR": -50.0, "LGA": 3.0}
SPREAD = {"JFK": 100.0, "EWR": 1.0, "LGA": 0.0}


def text(given: dict[str, str], scale: str = "standard") -> str:
    spec = SPEC.replace("SCALE", scale)
    for word, value in given.items():
        spec = spec.replace(word, value)
    return spec


def table(path: Path, names: tuple[str, ...] = ("JFK", "EWR", "LGA"), hours: int = 60) -> Path:
    """What is constant in LGA moves a hundred a day in JFK."""
    rng = np.random.default_rng(1)
    lines = ["station,hour,a,b,lat"]
    for name in names:
        for hour in range(hours):
            a, b = BASE.get(name, 0) + SPREAD.get(name, 1) * rng.normal(size=2)
            lines.append(f"{name},{hour},{a:.3f},{b:.3f},{len(name) + ord(name[0])}")
    path.write_text("\n".join(lines) + "\n")
    return path


def compiled(folder: Path, spec: str) -> Any:
    table(folder / "t.csv")
    (folder / "spec.seq").write_text(spec)
    compilation = Compilation.of(folder / "spec.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return compilation.task


def data_of(folder: Path, spec: str) -> Any:
    (file,) = (f for f in get("torch").lower(compiled(folder, spec)) if f.path == "data.py")
    (folder / "data.py").write_text(file.text)
    return loaded(folder / "data.py")


def columns(path: Path) -> dict[str, np.ndarray]:
    """Station -> its rows of a and b."""
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    return {s: np.array([r[2:4] for r in rows if r[0] == s], float) for s in BASE}


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_each_series_is_scaled_by_its_own_training_rows(scale: str, tmp_path: Path) -> None:
    data = data_of(tmp_path, text(ONE, scale))
    dataset = data.load(tmp_path / "t.csv")
    rows = columns(tmp_path / "t.csv")
    for name, values in rows.items():
        fitted = values[:36]  # 60 %
        shift = fitted.mean(axis=0) if scale == "standard" else fitted.min(axis=0)
        factor = fitted.std(axis=0) if scale == "standard" else np.ptp(fitted, axis=0)
        factor = np.where(np.ptp(fitted, axis=0) > 0, factor, 1)
        part = dataset.test
        mine = np.flatnonzero(part.series == name)
        assert len(mine) == 12 - 4
        inputs, target = part.batch(mine)
        expected = (values[48:52] - shift) / factor
        np.testing.assert_allclose(inputs[0][0], expected, rtol=1e-4, atol=1e-4)
        follows = ((values[52] - shift) / factor)[1:]
        np.testing.assert_allclose(target[0], follows, rtol=1e-4, atol=1e-4)
        back = dataset.scaling.invert_target(target, part.series[mine])
        np.testing.assert_allclose(back[:, 0], values[52:60, 1], rtol=1e-5)
    # Of what is one value for each series, all series have one scale: it would be zero.
    places = np.unique(dataset.train.inputs[1][:])
    assert len(places) == 3
    again = data.Scaling.from_json(dataset.scaling.to_json())
    assert (again.shift, again.factor) == (dataset.scaling.shift, dataset.scaling.factor)
    for wrong in ("{}", '{"shift": 1, "factor": 2}', '{"shift": {"a": 1}, "factor": {}}', "x"):
        with pytest.raises(data.DataError, match="does not fit this data"):
            data.Scaling.from_json(wrong)


@pytest.mark.parametrize("given", [MANY, TWO])
def test_all_steps_of_a_sample_are_of_its_series(given: dict[str, str], tmp_path: Path) -> None:
    data = data_of(tmp_path, text(given))
    dataset = data.load(tmp_path / "t.csv")
    part, rows = dataset.test, columns(tmp_path / "t.csv")
    if given is TWO:
        back = dataset.scaling.invert_targets(part.targets, part.series)
        assert [b.shape for b in back] == [t.shape for t in part.targets]
    else:
        back = (dataset.scaling.invert_target(part.target, part.series),)
    for place, values in enumerate(back[::-1]):  # b, then a
        steps = values.reshape(len(values), -1)
        for name in BASE:
            mine = steps[part.series == name]
            for at, found in enumerate(mine):
                begin = 48 + 4 + at
                expected = rows[name][begin : begin + steps.shape[1], 1 - place]
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_a_series_that_was_not_trained_on(tmp_path: Path) -> None:
    data = data_of(tmp_path, text(ONE))
    scaling = data.load(tmp_path / "t.csv").scaling
    known = table(tmp_path / "known.csv", ("EWR",), 9)
    inputs, origins = data.inputs_for_prediction(known, scaling)
    assert len(inputs[0]) == len(origins) == 6
    other = table(tmp_path / "other.csv", ("EWR", "SFO"), 9)
    message = "nothing is known of the scale of series 'SFO': no row of it was in the training part"
    with pytest.raises(data.DataError, match=message):
        data.inputs_for_prediction(other, scaling)


def test_baselines_are_in_original_units(tmp_path: Path) -> None:
    task = compiled(tmp_path, text(ONE))
    data = data_of(tmp_path, text(ONE))
    dataset = data.load(tmp_path / "t.csv")

    def score(prediction: Any, target: Any, series: Any) -> Any:
        invert = dataset.scaling.invert_target
        return data.score(invert(prediction, series), invert(target, series))

    found = {b.name: b.scores["mae"] for b in baselines(task, dataset.train, dataset.test, score)}
    rows = columns(tmp_path / "t.csv")
    steps = np.concatenate([np.abs(np.diff(r[51:60, 1])) for r in rows.values()])
    assert found["last value"] == pytest.approx(steps.mean(), rel=1e-4)


@pytest.mark.parametrize("given", [ONE, MANY, TWO])
@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_programs_are_formatted_and_clean(
    given: dict[str, str], scale: str, tmp_path: Path
) -> None:
    clean(tmp_path, compiled(tmp_path, text(given, scale)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "given"),
    [
        pytest.param("torch", ONE, marks=pytest.mark.torch),
        pytest.param("keras", TWO, marks=pytest.mark.keras),
    ],
)
def test_commands_and_programs(backend: str, given: dict[str, str], tmp_path: Path) -> None:
    compiled(tmp_path, text(given))
    seqspec = [sys.executable, "-m", "seqspec"]
    run = tmp_path / "run"

    def call(*words: str | Path, folder: Path = tmp_path) -> str:
        done = subprocess.run(
            [*map(str, words)], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = call(*seqspec, "train", "spec.seq", "--backend", backend, "--run", run)
    assert "original units" in said
    call(*seqspec, "evaluate", run)
    call(*seqspec, "predict", run, "-o", tmp_path / "a.csv")
    given_weights = ("--weights", run / "best.safetensors", "--data", tmp_path / "t.csv")
    call(sys.executable, "run.py", "evaluate", *given_weights, folder=run / "program")
    call(sys.executable, "run.py", "predict", *given_weights, "-o", tmp_path / "b.csv",
         folder=run / "program")  # fmt: skip
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    for line in (tmp_path / "a.csv").read_text().splitlines()[1:]:
        name, _, *values = line.split(",")
        near = BASE[name] + 12 * SPREAD[name] * np.array([-1, 1]) + [-3, 3]
        assert all(near[0] < float(value) < near[1] for value in values)
