"""Training, evaluating and predicting with a program that needs no framework."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.running.errors import RunError
from seqspec.running.evaluation import evaluate
from seqspec.running.prediction import predict
from seqspec.running.progress import Bar, Lines, reporter
from seqspec.running.result import Result
from seqspec.running.training import train
from tests.unit.running_fakes import FILES, task


@pytest.fixture
def series(tmp_path: Path) -> Path:
    path = tmp_path / "series.csv"
    np.savetxt(path, 5 + np.sin(np.arange(120) * 2 * np.pi / 12))
    return path


def run(series: Path, **options: Any) -> tuple[Result, str]:
    out = io.StringIO()
    result = train(
        task(),
        FILES,
        backend="torch",
        data=series,
        run=series.parent / "run",
        reporter=reporter(out, 3),
        **options,
    )
    return result, out.getvalue()


def test_a_training_leaves_a_whole_run_folder(series: Path) -> None:
    result, shown = run(series)
    names = {path.name for path in result.folder.iterdir()}
    assert names == {
        "spec.seq", "run.json", "program", "metrics.jsonl",
        "best.safetensors", "last.safetensors", "loss.png", "result.json",
    }  # fmt: skip
    assert [line.split("  ")[0] for line in shown.splitlines()] == [
        "epoch 1/3", "epoch 2/3", "epoch 3/3",
    ]  # fmt: skip
    assert result.epochs == 3
    assert result.best["epoch"] == 3
    described = json.loads((result.folder / "run.json").read_text())
    assert described["data"] == str(series)
    assert described["overrides"] == {"units": 3}


def test_the_baseline_stands_next_to_the_result(series: Path) -> None:
    result, _ = run(series)
    assert result.held_out is not None
    assert result.held_out.part == "test"
    best, other = result.held_out.baselines
    assert best.name == "value 12 steps before"
    assert best.scores["mae"] == pytest.approx(0, abs=1e-5)
    assert other.name == "last value"
    assert other.scores["mae"] > 0.1
    text = result.text()
    assert "test part, 48 samples" in text
    assert f"run folder: {result.folder}" in text
    saved = json.loads((result.folder / "result.json").read_text())
    assert saved["held_out"]["baselines"][1]["name"] == "last value"


def test_evaluating_a_run_gives_the_same_scores(series: Path) -> None:
    result, _ = run(series)
    assert result.held_out is not None
    assert evaluate(result.folder).scores == result.held_out.scores


def test_predicting_writes_into_the_run_folder_or_elsewhere(series: Path) -> None:
    result, _ = run(series)
    assert predict(result.folder).path == result.folder / "predictions.csv"
    done = predict(result.folder, series, series.parent / "mine.csv")
    assert done.shapes == ((48, 1),)
    assert len(np.loadtxt(done.path)) == 48


def test_interruption_keeps_the_last_checkpoint_and_says_so(series: Path) -> None:
    result, _ = run(series, seed=99)
    assert result.interrupted
    assert result.held_out is None
    assert "stopped; last checkpoint kept" in result.text()
    assert (result.folder / "last.safetensors").exists()
    assert json.loads((result.folder / "result.json").read_text())["interrupted"] is True


def test_interruption_before_anything_was_learnt_leaves_nothing(series: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(series, seed=98)
    assert [path.name for path in series.parent.iterdir()] == ["series.csv"]


def test_a_failed_training_keeps_what_was_learnt(series: Path) -> None:
    with pytest.raises(RunError, match="the loss is not a number any more"):
        run(series, seed=13)
    folder = series.parent / "run"
    assert (folder / "last.safetensors").exists()
    assert (folder / "loss.png").exists()


@pytest.mark.parametrize(
    ("options", "message"), [({"device": "moon"}, "no device moon"), ({}, "not numbers")]
)
def test_what_fails_before_training_leaves_no_folder(
    series: Path, options: dict[str, Any], message: str
) -> None:
    series.write_text("oh\n" * 40)
    with pytest.raises(RunError, match=message):
        run(series, **options)
    assert [path.name for path in series.parent.iterdir()] == ["series.csv"]


def test_memorising_one_batch_is_not_evaluated(series: Path) -> None:
    result, _ = run(series, overfit_one_batch=True)
    assert result.held_out is None
    assert "one batch, 3 epochs: loss 2.1 -> 0.6" in result.text()


def test_damaged_weights_are_one_message(series: Path) -> None:
    result, _ = run(series)
    (result.folder / "best.safetensors").write_bytes(b"no")
    with pytest.raises(RunError, match=r"best\.safetensors cannot be read"):
        evaluate(result.folder)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    out = Terminal()
    bar = reporter(out, 2)
    assert isinstance(bar, Bar)
    with bar:
        for epoch in (1, 2):
            for done in (1, 2, 3):
                bar.batch(done, 3)
            bar.epoch({"epoch": epoch, "loss": 2.0, "val_loss": 1.0 / epoch})
    assert "100%" in out.getvalue()
    assert "best 0.5 at 2" in out.getvalue()


def test_other_streams_get_lines() -> None:
    out = io.StringIO()
    lines = reporter(out, 20)
    assert isinstance(lines, Lines)
    lines.epoch({"epoch": 3, "loss": 0.5, "val_loss": 0.25, "seconds": 1.26})
    assert out.getvalue() == "epoch  3/20  loss 0.5  val_loss 0.25  1.3s\n"
