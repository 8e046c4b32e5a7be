"""``seqspec forecast``: what comes next, how well it would have been told before, and bad input."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqspec import cli
from tests.behaviour.test_forecast import CARRIED, SPEC, WINDOWS, write_data
from tests.cli import one_message

pytestmark = [pytest.mark.e2e, pytest.mark.torch]

Capture = pytest.CaptureFixture[str]

NEXT = ["--data", "tanks.csv", "--future", "future.csv"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    write_data(folder)
    (folder / "tanks.seq").write_text(SPEC.format(**CARRIED))
    arguments = ["train", str(folder / "tanks.seq"), "--backend", "torch"]
    assert cli.main([*arguments, "--run", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_comes_next(folder: Path, capsys: Capture) -> None:
    assert cli.main(["forecast", "run", *NEXT]) == 0
    assert "6 steps ahead of 2 series" in capsys.readouterr().out
    rows = table(folder / "run" / "forecast.csv")
    assert [(row["tank"], row["step"]) for row in rows[::6]] == [("a", "1"), ("b", "1")]
    assert len(rows) == 12
    assert all(0 < float(row["pressure"]) < 20 for row in rows)
    assert cli.main(["forecast", "run", *NEXT, "--steps", "9", "-o", "nine.csv"]) == 0
    nine = table(folder / "nine.csv")
    assert len(nine) == 18
    assert nine[:6] == rows[:6], "the first steps do not depend on how many follow"


def test_what_would_have_been_told(folder: Path, capsys: Capture) -> None:
    assert cli.main(["forecast", "run", "--data", "tanks.csv", "--backtest"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("6 forecasts of the held-out part")
    for word in ("pressure", "temperature", "model", "naive", "seasonal naive", "+6", "all"):
        assert word in out
    kept: dict[str, Any] = json.loads((folder / "run" / "backtest.json").read_text())
    assert kept["origins"] == 6
    rows = table(folder / "run" / "backtest.csv")
    assert [row["step"] for row in rows] == [*"123456"] * 2
    shown = [float(row["naive mae"]) for row in rows[:6]]
    assert shown == pytest.approx(kept["errors"]["naive"]["mae"]["pressure"], rel=1e-4)
    assert (folder / "run" / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_the_program_does_the_same(folder: Path) -> None:
    assert cli.main(["forecast", "run", *NEXT]) == 0
    weights = ["--weights", "../best.safetensors", "--data", "../../tanks.csv"]
    for command in (
        ["forecast", *weights, "--future", "../../future.csv", "-o", "../own.csv"],
        ["backtest", *weights, "-o", "../errors.csv"],
    ):
        run = [sys.executable, "run.py", *command]
        done = subprocess.run(run, cwd=folder / "run" / "program", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert table(folder / "run" / "own.csv") == table(folder / "run" / "forecast.csv")
    assert cli.main(["forecast", "run", "--data", "tanks.csv", "--backtest"]) == 0
    assert table(folder / "run" / "errors.csv") == table(folder / "run" / "backtest.csv")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--data", "tanks.csv"], ("known beforehand at each step", "--future")),
        ([*NEXT, "--steps", "40"], ("9 rows of the series 'a'", "40 steps")),
        (["--data", "tanks.csv", "--backtest", "--steps", "40"], ("no series has 40 rows",)),
        (["--data", "tanks.csv", "--future", "nothing.csv"], ("nothing.csv",)),
        (["--data", "future.csv", "--future", "future.csv"], ("has no column 'pressure'",)),
    ],
)
def test_what_cannot_be(
    arguments: list[str], parts: tuple[str, ...], folder: Path, capsys: Capture
) -> None:
    assert cli.main(["forecast", "run", *arguments]) == 1
    one_message(capsys.readouterr().err, *parts)
    assert not (folder / "run" / "forecast.csv").exists()


def test_a_run_without_a_forecast(folder: Path, capsys: Capture) -> None:
    text = SPEC.format(**WINDOWS)
    (folder / "plain.seq").write_text(text.split("forecast")[0])
    arguments = ["train", "plain.seq", "--backend", "torch", "--run", "plain", "--epochs", "1"]
    assert cli.main(arguments) == 0
    capsys.readouterr()
    assert cli.main(["forecast", "plain"]) == 1
    one_message(capsys.readouterr().err, "no forecast section", "train again")


DIRECT = """
model Tanks(levels: float[B, T, 2], day: float[B, T, 1]) -> float[B, 3, 2] {
    concat(levels, day) -> lstm(5) -> dense(6) -> reshape([3, 2])
}
data readings {
    source  = csv("tanks.csv", series=tank, order=hour)
    inputs  = feed(levels=[pressure, temperature], day=[day])
    windows = sliding(steps=6, horizon=3, stride=2)
    scale   = standard()
    target  = [pressure, temperature]
}
train Tanks { data = readings, loss = mse, metrics = [mae], epochs = 1 }
"""


@pytest.mark.parametrize(
    "backend", ["torch", pytest.param("keras", marks=[pytest.mark.keras, pytest.mark.slow])]
)
def test_all_steps_at_once(backend: str, folder: Path, capsys: Capture) -> None:
    (folder / "direct.seq").write_text(DIRECT)
    run = ["--backend", backend, "--run", "direct"]
    assert cli.main(["train", "direct.seq", *run]) == 0
    capsys.readouterr()
    assert cli.main(["forecast", "direct", "--backtest"]) == 0
    out = capsys.readouterr().out
    for word in ("pressure", "temperature", "model", "last value", "+3", "all"):
        assert word in out
    kept = json.loads((folder / "direct" / "backtest.json").read_text())
    result = json.loads((folder / "direct" / "result.json").read_text())
    errors = kept["errors"]
    maes = [error for column in errors["model"]["mae"].values() for error in column]
    scores = result["held_out"]["scores"]
    assert sum(maes) / len(maes) == pytest.approx(scores["mae"], rel=1e-4)
    assert errors["last value"]["mae"] == {
        column: pytest.approx(by_hand(folder, column), rel=1e-3)
        for column in ("pressure", "temperature")
    }
    assert [row["step"] for row in table(folder / "direct" / "backtest.csv")] == [*"123"] * 2
    assert (folder / "direct" / "forecast.png").read_bytes().startswith(b"\x89PNG")
    for arguments, parts in (
        (["--backtest", "--steps", "5"], ("gives 3 steps at once, not 5", "--steps")),
        ([], ("all its steps at once", "predict")),
    ):
        assert cli.main(["forecast", "direct", *arguments]) == 1
        one_message(capsys.readouterr().err, *parts)


def by_hand(folder: Path, column: str) -> list[float]:
    """The mean absolute error of the last value at each step ahead, over the held-out windows."""
    rows = table(folder / "tanks.csv")
    errors: list[list[float]] = [[], [], []]
    for tank in ("a", "b"):
        values = [float(row[column]) for row in rows if row["tank"] == tank]
        held_out = values[round(len(values) * 0.85) :]
        for begin in range(0, len(held_out) - 8, 2):
            for step in range(3):
                truth = held_out[begin + 6 + step]
                errors[step].append(abs(held_out[begin + 5] - truth))
    return [sum(one) / len(one) for one in errors]
