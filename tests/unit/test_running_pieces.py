"""The small ones: light imports, records, the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seqspec.running import history, picture

MODULES = [
    "training",
    "evaluation",
    "prediction",
    "verify",
    "twins",
    "baseline",
    "picture",
    "progress",
]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    heavy = {"torch", "keras", "tensorflow", "numpy", "rich", "matplotlib", "jinja2", "safetensors"}
    code = (
        f"import sys, {', '.join(f'seqspec.running.{name}' for name in MODULES)}\n"
        f"sys.exit(' '.join(sorted({heavy} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_records_end_where_a_line_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert history.read(path) == []
    path.write_text('{"epoch": 1, "loss": 2.0}\n{"epoch": 2, "loss": NaN}\n{"epoch": 3, "lo')
    records = history.read(path)
    assert [r["epoch"] for r in records] == [1, 2]
    assert history.best(records) == {"epoch": 1, "loss": 2.0}


def test_validation_decides_which_epoch_is_best() -> None:
    records = [{"loss": 2.0, "val_loss": 1.0}, {"loss": 1.0, "val_loss": 3.0}]
    assert history.best(records) == records[0]
    assert history.best([]) is None


@pytest.mark.parametrize(
    "losses",
    [[1.0], [3.0, 2.0, 1.0], [100.0, 1.0, 0.01], [1.0, float("nan")], [0.0, 0.0]],
)
@pytest.mark.parametrize("validation", [True, False])
def test_a_picture_is_drawn_whatever_the_losses(
    tmp_path: Path, losses: list[float], validation: bool
) -> None:
    records: list[history.Record] = [
        {"epoch": i, "loss": x} | ({"val_loss": x} if validation else {})
        for i, x in enumerate(losses, 1)
    ]
    path = tmp_path / "loss.png"
    assert picture.draw(records, path, "Model", "mse", r"formula$\frac{$.seq")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["loss.png"]


def test_no_records_no_picture(tmp_path: Path) -> None:
    assert not picture.draw([], tmp_path / "loss.png", "Model", "mse")
