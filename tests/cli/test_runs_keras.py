"""The same commands with Keras, in processes of their own: what they leave and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import LEVEL, TANKS, one_message, seqspec

pytestmark = [pytest.mark.e2e, pytest.mark.keras]


def test_train_evaluate_predict_and_damage(tmp_path: Path) -> None:
    (tmp_path / "level.seq").write_text(LEVEL)
    (tmp_path / "tanks.csv").write_text(TANKS)
    keras = ("--backend", "keras")
    done = seqspec("train", "level.seq", "--run", "run", *keras, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
    done = seqspec("evaluate", "run", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rmse" in json.dumps(json.loads(done.stdout))
    done = seqspec("predict", "run", "-o", "p.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 58
    (run / "best.safetensors").write_bytes(b"\x80\x04.")
    done = seqspec("evaluate", "run", cwd=tmp_path)
    assert done.returncode == 1
    one_message(done.stderr, "SEQ616", "best.safetensors")


def test_bad_rows_leave_no_run(tmp_path: Path) -> None:
    (tmp_path / "level.seq").write_text(LEVEL)
    (tmp_path / "tanks.csv").write_text(TANKS + "nan,1\n")
    done = seqspec("train", "level.seq", "--run", "run", "--backend", "keras", cwd=tmp_path)
    assert done.returncode == 1
    one_message(done.stderr, "SEQ614", "line 62")
    assert not (tmp_path / "run").exists()
