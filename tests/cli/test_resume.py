"""``seqspec train --resume`` on the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from seqspec import cli
from tests.cli import LEVEL, ROOT, TANKS, one_message

Capture = pytest.CaptureFixture[str]
pytestmark = [pytest.mark.e2e, pytest.mark.torch]
SPEC = "param units = 4\n" + LEVEL.replace("lstm(4)", "lstm(units) -> dropout(0.2)")
TORCH = ("--backend", "torch")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("level.seq").write_text(SPEC)
    Path("tanks.csv").write_text(TANKS)


def train(*arguments: str) -> int:
    return cli.main(["train", *arguments])


def outcome(run: str) -> dict[str, Any]:
    """What a run has learnt and scored, without the clock's share."""
    lines = (Path(run) / "metrics.jsonl").read_text().splitlines()
    result = json.loads((Path(run) / "result.json").read_text())
    result["best"].pop("seconds")
    records = [json.loads(line) | {"seconds": 0} for line in lines]
    return {"records": records, **{k: v for k, v in result.items() if k != "seconds"}}


def test_more_epochs(capsys: Capture) -> None:
    assert train("level.seq", *TORCH, "--run", "straight", "--set", "units=3", "--epochs", "5") == 0
    assert train("level.seq", *TORCH, "--run", "run", "--set", "units=3") == 0
    capsys.readouterr()
    assert train("--resume", "run") == 0
    assert capsys.readouterr().out == "run is finished: no epoch is left\n"
    assert train("--resume", "run", "--epochs", "4") == 0
    said = capsys.readouterr()
    assert said.out.startswith("epoch 3/4  ")
    assert said.err == "run goes on after epoch 2\n"
    again = ("--set", "units=3", "--epochs", "5", "--device", "cpu", *TORCH)
    assert train("level.seq", "--resume", "run", *again) == 0
    assert outcome("run") == outcome("straight")
    described = json.loads(Path("run/run.json").read_text())
    assert described == json.loads(Path("straight/run.json").read_text())


def test_what_is_lost_after_the_last_epoch_is_made_again(capsys: Capture) -> None:
    assert train("level.seq", *TORCH, "--run", "run") == 0
    before = outcome("run")
    for lost in ("result.json", "loss.png"):
        (Path("run") / lost).unlink()
    assert train("--resume", "run") == 0
    assert outcome("run") == before
    assert Path("run/loss.png").exists()


def test_moved_with_its_data(capsys: Capture) -> None:
    assert train("level.seq", *TORCH, "--run", "run") == 0
    Path("elsewhere").mkdir()
    for name in ("run", "tanks.csv"):
        shutil.move(name, "elsewhere")
    run = "elsewhere/run"
    assert train("--resume", run, "--epochs", "3", "--data", "elsewhere/tanks.csv") == 0
    assert len(outcome(run)["records"]) == 3
    assert cli.main(["evaluate", run]) == 0


def test_refused(capsys: Capture) -> None:
    assert train("level.seq", *TORCH, "--run", "run") == 0
    Path("other.csv").write_text(TANKS.replace("1.10", "1.11"))
    Path("other.seq").write_text(SPEC.replace("lstm(", "gru("))
    more = ("--resume", "run", "--epochs", "3")
    for arguments, parts in {
        (*more, "--seed", "1"): ["another --seed: 0"],
        (*more, "--backend", "keras"): ["another --backend: torch"],
        (*more, "--device", "cuda"): ["another --device: cpu"],
        (*more, "--overfit-one-batch"): ["without --overfit-one-batch"],
        (*more, "--data", "other.csv"): ["not the data"],
        (*more, "--set", "units=5"): ["another spec", "params"],
        ("other.seq", *more): ["another spec", "params"],
    }.items():
        capsys.readouterr()
        assert train(*arguments) == 1, arguments
        one_message(capsys.readouterr().err, "SEQ650", *parts)
    for arguments, code, part in (
        (["--resume", "nowhere"], 1, "SEQ616"),
        ([], 2, "name a SPEC"),
        (["level.seq", "--resume", "run", "--run", "other"], 2, "not allowed with"),
    ):
        try:
            ended = train(*arguments)
        except SystemExit as stop:
            ended = stop.code
        assert ended == code
        assert part in capsys.readouterr().err
    shutil.rmtree("run/program")
    assert train(*more) == 1
    one_message(capsys.readouterr().err, "SEQ616", "holds no program")


@pytest.mark.slow
def test_killed(capsys: Capture) -> None:
    assert train("level.seq", *TORCH, "--run", "straight", "--epochs", "60") == 0
    command = [sys.executable, "-m", "seqspec", "train", "level.seq", "--run", "run"]
    training = subprocess.Popen(
        [*command, "--epochs", "60", *TORCH],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert training.stdout is not None
    for _ in range(7):
        assert training.stdout.readline().startswith("epoch")
    time.sleep(0.01)
    training.send_signal(signal.SIGKILL)
    training.communicate()
    assert not Path("run/result.json").exists()
    assert train("--resume", "run") == 0
    assert outcome("run") == outcome("straight")
