"""A forecast reads all that is known, then what it predicted: both programs against numpy."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.running.program import framework, load

pytestmark = pytest.mark.slow
BACKENDS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("keras", marks=pytest.mark.keras),
]

SPEC = """
model Tanks(levels: float[B, T, 2], day: float[B, T, 1]) -> float[B, T, 2] {{
    concat(levels, day) -> lstm(5, return=sequence{stateful}) -> dense(2)
}}
data readings {{
    source = csv("tanks.csv", series=tank, order=hour)
    inputs = feed(levels=[pressure, temperature], day=[day])
    {batches}
    scale  = standard()
    target = next_step([pressure, temperature])
}}
train Tanks {{ data = readings, loss = mse, epochs = 1 {reset} }}
forecast Tanks {{ steps = 6, season = 8, origins = 3 {warm_up} }}
"""
WINDOWS = {"batches": "windows = sliding(steps=9)", "stateful": "", "reset": "", "warm_up": ""}
ALL = {**WINDOWS, "warm_up": ", warm_up = all"}
CARRIED = {
    "batches": "batches = streams(chunk=10)",
    "stateful": ", stateful=true",
    "reset": ", reset = epoch",
    "warm_up": "",
}
ROWS = {"a": 80, "b": 67}


def write_data(folder: Path) -> None:
    rng = np.random.default_rng(0)
    with (
        (folder / "tanks.csv").open("w", newline="") as known,
        (folder / "future.csv").open("w", newline="") as future,
    ):
        csv.writer(known).writerow(["tank", "hour", "pressure", "temperature", "day"])
        csv.writer(future).writerow(["tank", "hour", "day"])
        for tank, rows in ROWS.items():
            for t in range(rows + 9):
                levels = 10 + 3 * np.sin(t / 4) + rng.normal(0, 0.1), 50 + 8 * np.cos(t / 4)
                day = round(float(np.sin(t / 3)), 4)
                if t < rows:
                    csv.writer(known).writerow([tank, t, *(f"{x:.4f}" for x in levels), day])
                else:
                    csv.writer(future).writerow([tank, t, day])


class Trained:
    """A program with a model and its scaling."""

    def __init__(self, folder: Path, backend: str, settings: dict[str, str]) -> None:
        write_data(folder)
        (folder / "tanks.seq").write_text(SPEC.format(**settings))
        compilation = Compilation.of(folder / "tanks.seq")
        assert compilation.task is not None, [d.message for d in compilation.diagnostics]
        program = folder / "program"
        program.mkdir()
        for file in get(backend).lower(compilation.task):
            (program / file.path).write_text(file.text)
        self.program = load(program, backend)
        self.data, self.looping = self.program.module("data"), self.program.module("forecast")
        self.model: Any = self.program.module("model").build_model()
        self.scaling = self.data.load(folder / "tanks.csv").scaling
        self.program.module("weights").save(self.model, folder / "weights.safetensors")
        self.weights = load_file(folder / "weights.safetensors")
        self.folder = folder

    def stepper(self) -> Any:
        return self.program.module("stepper").Stepper(self.model, self.scaling)

    def known(self) -> list[Any]:
        return self.looping.series_of(self.folder / "tanks.csv")

    def scaled(self, values: np.ndarray, *names: str) -> np.ndarray:
        shift = np.array([self.scaling.shift[name] for name in names])
        return (values - shift) / np.array([self.scaling.factor[name] for name in names])

    def by_hand(self, levels: np.ndarray, day: np.ndarray, steps: int) -> np.ndarray:
        """The rows [rows, columns], one after the other; then predictions in their place."""
        kernel, recurrent, bias = (
            self.weights[f"lstm/{name}"].astype(np.float64)
            for name in ("kernel", "recurrent_kernel", "bias")
        )
        levels = self.scaled(levels, "pressure", "temperature")
        day = self.scaled(day, "day")
        h = c = np.zeros(5)
        found: list[np.ndarray] = []
        for t in range(len(levels) + steps - 1):
            read = levels[t] if t < len(levels) else found[-1]
            gates = np.concatenate([read, day[t]]) @ kernel + h @ recurrent + bias
            i, f, g, o = np.split(gates, 4)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
            found.append(h @ self.weights["dense/kernel"] + self.weights["dense/bias"])
        return self.scaling.invert_target(np.array(found[-steps:]))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def trained(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trained]:
    backend, settings = request.param
    made = Trained(tmp_path, backend, settings)
    yield made
    made.program.close()
    if backend == "keras":
        framework("keras").backend.clear_session()


def cases(*settings: dict[str, str]) -> list[Any]:
    return [
        pytest.param((backend.values[0], one), marks=backend.marks)
        for backend in BACKENDS
        for one in settings
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trained", cases(WINDOWS, ALL, CARRIED), indirect=True)
def test_forecast_is_the_loop_by_hand(trained: Trained) -> None:
    known = trained.known()
    future = trained.looping.future_of(trained.folder / "future.csv", known, 6)
    found = trained.looping.forecast(trained.stepper(), known, future)
    assert found.shape == (2, 6, 2)
    for one, coming, values in zip(known, future, found, strict=True):
        read = getattr(trained.looping, "WARM_UP", len(one))
        day = np.concatenate([one.day[-read:], coming.day])
        np.testing.assert_allclose(values, trained.by_hand(one.levels[-read:], day, 6), atol=1e-4)


@pytest.mark.parametrize("trained", cases(CARRIED), indirect=True)
def test_backtest_knows_no_more_than_it_would_have(trained: Trained) -> None:
    known = trained.looping.held_out_series(trained.folder / "tanks.csv")
    assert [(one.name, len(one)) for one in known] == list(ROWS.items())
    tested = trained.looping.backtest(trained.stepper(), known)
    for number, (name, origin) in enumerate(tested.origins):
        one = next(one for one in known if one.name == name)
        assert len(one) - one.held_out <= origin <= len(one) - 6
        np.testing.assert_array_equal(tested.truth[number], one.levels[origin : origin + 6])
        by_hand = trained.by_hand(one.levels[:origin], one.day[: origin + 5], 6)
        np.testing.assert_allclose(tested.forecasts["model"][number], by_hand, atol=1e-4)
        last = one.levels[origin - 1]
        np.testing.assert_array_equal(tested.forecasts["naive"][number], [last] * 6)
        season = one.levels[origin - 8 : origin - 2]
        np.testing.assert_array_equal(tested.forecasts["seasonal naive"][number], season)
    assert {name for name, _ in tested.origins} == set(ROWS)
    errors = tested.errors()["naive"]
    error = tested.forecasts["naive"] - tested.truth
    np.testing.assert_allclose(errors["mae"], np.abs(error).mean(axis=0))
    np.testing.assert_allclose(errors["rmse"], np.sqrt((error**2).mean(axis=0)))


@pytest.mark.parametrize("trained", cases(CARRIED), indirect=True)
def test_what_has_to_be_known_is_asked_for(trained: Trained) -> None:
    known = trained.known()
    future = trained.folder / "future.csv"
    with pytest.raises(trained.data.DataError, match="9 rows of the series 'a'; 20 steps"):
        trained.looping.future_of(future, known, 20)
    lines = future.read_text().splitlines()
    future.write_text("\n".join(line for line in lines if not line.startswith("b")))
    with pytest.raises(trained.data.DataError, match="no rows of the series 'b'"):
        trained.looping.future_of(future, known, 6)
    held_out = trained.looping.held_out_series(trained.folder / "tanks.csv")
    with pytest.raises(trained.data.DataError, match="no series has 50 rows to compare with"):
        trained.looping.backtest(trained.stepper(), held_out, 50)
