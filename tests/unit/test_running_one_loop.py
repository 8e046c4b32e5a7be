"""`seqspec train` runs the generated program: both ways give the same numbers, on both backends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqspec.driver import Compilation
from seqspec.running.evaluation import evaluate
from seqspec.running.prediction import predict
from seqspec.running.progress import reporter
from seqspec.running.training import data_path, train

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SPEC = """
model Wave(past: float[B, 6, 1]) -> float[B, 1] {
    past -> lstm(4) -> dropout(0.1) -> dense(1)
}
data waves {
    source = csv("waves.csv")
    windows = sliding(steps=6)
    target = [height]
    split = chronological(train=60%, validation=20%)
    scale = standard()
}
train Wave {
    data = waves
    loss = mse
    metrics = [mae]
    epochs = 3
    seed = 5
}
"""

BACKENDS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("keras", marks=pytest.mark.keras),
]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    heights = "".join(f"{(i * 7919 % 13) / 3 + i % 4}\n" for i in range(150))
    (tmp_path / "waves.csv").write_text("height\n" + heights)
    (tmp_path / "wave.seq").write_text(SPEC)
    return tmp_path / "wave.seq"


def records(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_training_loop(spec: Path, backend: str) -> None:
    compilation = Compilation.of(spec)
    assert compilation.task is not None, compilation.diagnostics
    result = train(
        compilation.task,
        compilation.files(backend),
        backend=backend,
        data=data_path(compilation.task, spec.parent),
        run=spec.parent / "run",
        reporter=reporter(io.StringIO(), 3),
    )
    assert result.held_out is not None
    assert result.held_out.baselines
    assert evaluate(result.folder).scores == pytest.approx(result.held_out.scores)
    # Every window of the file, the last of which ends where the target is not known yet.
    assert predict(result.folder).shapes == ((145, 1),)

    alone = spec.parent / "alone"
    done = subprocess.run(
        [sys.executable, "run.py", "train", "--run", alone, "--data", spec.parent / "waves.csv"],
        cwd=result.folder / "program",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(records(alone)) == 3
    for one, other in zip(records(alone), records(result.folder), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
