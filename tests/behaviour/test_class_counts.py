"""How often each class occurs in each part: counted by the program, said before it trains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation
from tests.behaviour.data_tasks import loaded
from tests.behaviour.test_data_program import clean

SPEC = """
model Kind(x: float[B, T, 2]) -> OUTPUT {
    BODY
}
data d {
    source = npz("d.npz")
    split = chronological(train=50%, validation=25%)
    TARGET
}
train Kind {
    data = d, loss = LOSS, epochs = 1
}
"""
ONE = "x -> gru(4) -> dense(CLASSES)"
STEPS = "x -> gru(4, return=sequence) -> dense(3)"
IDS = "sparse_categorical_crossentropy"
CASES = {
    "ids": ("float[B, 4]", ONE.replace("CLASSES", "4"), "target = kind", IDS),
    "yes": ("float[B, 1]", ONE.replace("CLASSES", "1"), "target = sure", "binary_crossentropy"),
    "hot": ("float[B, 4]", ONE.replace("CLASSES", "4"), "target = hot", "categorical_crossentropy"),
    "steps": ("float[B, T, 3]", STEPS, "target = tags", f"{IDS}(ignore_class=-1)"),
    "padded": ("float[B, T, 3]", STEPS, "target = tags", IDS),
    "weighed": ("float[B, 4]", ONE.replace("CLASSES", "4"), "target = kind",
                f"{IDS}(class_weight=balanced)"),
    "several": (
        "(kind: float[B, 4], sure: float[B, 1], level: float[B, 1])",
        "h = x -> gru(4)\n    kind = h -> dense(4)\n    sure = h -> dense(1)\n"
        "    level = h -> dense(1)",
        "",
        f"{IDS}(kind) + binary_crossentropy(sure) + mse(level)",
    ),
    "numbers": ("float[B, 1]", ONE.replace("CLASSES", "1"), "target = level", "mse"),
}  # fmt: skip
KIND = np.array([0] * 38 + [1] * 1 + [2] * 1 + [0] * 10 + [1] * 5 + [3] * 5 + [2] * 20)


def text(name: str) -> str:
    spec = SPEC
    for word, value in zip(("OUTPUT", "BODY", "TARGET", "LOSS"), CASES[name], strict=True):
        spec = spec.replace(word, value)
    return spec.replace("x: float", "x: float(pad=0)") if name == "padded" else spec


def compiled(folder: Path, name: str) -> Any:
    rng = np.random.default_rng(0)
    tags = np.tile(np.array([0, 1, 1, 2, -1]), (80, 1))
    x = rng.normal(size=(80, 5, 2))
    if name == "padded":
        x[:, 3:] = 0
        tags = abs(tags)
    np.savez(
        folder / "d.npz", x=x, kind=KIND, hot=np.eye(4)[KIND], tags=tags,
        sure=(KIND > 0)[:, None].astype(np.float32), level=rng.normal(size=(80, 1)),
    )  # fmt: skip
    (folder / "spec.seq").write_text(text(name))
    compilation = Compilation.of(folder / "spec.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return compilation.task


def data_of(folder: Path, name: str) -> Any:
    (file,) = (f for f in get("torch").lower(compiled(folder, name)) if f.path == "data.py")
    (folder / "data.py").write_text(file.text)
    return loaded(folder / "data.py")


FOUR = {"0": [38, 10, 0], "1": [1, 5, 0], "2": [1, 0, 20], "3": [0, 5, 0]}
SURE = {"no": [38, 10, 0], "yes": [2, 10, 20]}
COUNTS = {
    "ids": {"kind": FOUR},
    "weighed": {"kind": FOUR},
    "hot": {"hot": FOUR},
    "yes": {"sure": SURE},
    "steps": {"tags": {"0": [40, 20, 20], "1": [80, 40, 40], "2": [40, 20, 20]}},
    "padded": {"tags": {"0": [40, 20, 20], "1": [80, 40, 40], "2": [0, 0, 0]}},
    "several": {"kind": FOUR, "sure": SURE},
}


@pytest.mark.parametrize("name", list(COUNTS))
def test_classes_are_counted_in_each_part(name: str, tmp_path: Path) -> None:
    data = data_of(tmp_path, name)
    assert data.class_counts(data.load(tmp_path / "d.npz")) == COUNTS[name]


def test_what_training_sees_hardly_or_never(tmp_path: Path) -> None:
    data = data_of(tmp_path, "ids")
    assert data.class_lines({"kind": {**FOUR, "0": [98, 10, 0]}}) == [
        "classes of kind, in percent of the training / validation / test part:",
        "           0   98.0   50.0    0.0",
        "           1    1.0   25.0    0.0",
        "           2    1.0    0.0  100.0",
        "           3    0.0   25.0    0.0",
        "  note: missing from the training part: 3",
        "  note: rare in the training part: 1, 2",
        "  class_weight=balanced in the loss makes up for rare ones",
    ]
    even = {str(place): [5, 5, 5] for place in range(12)}
    assert data.class_lines({"kind": even})[1:] == [
        *(f"           {place}    8.3    8.3    8.3" for place in (0, 1, 2, 3, 4, 8, 9)),
        "          10    8.3    8.3    8.3",
        "          11    8.3    8.3    8.3",
        "  the most frequent and the rarest of 12 are shown",
    ]
    many = {str(place): [int(place == 0), 1, 1] for place in range(8)}
    (note,) = (line for line in data.class_lines({"kind": many}) if "missing" in line)
    assert note == "  note: missing from the training part: 1, 2, 3, 4, 5 and others"


def test_no_advice_to_those_who_weigh(tmp_path: Path) -> None:
    data = data_of(tmp_path, "weighed")
    lines = data.class_lines({"kind": {**FOUR, "0": [98, 10, 0]}})
    assert lines[-1] == "  note: rare in the training part: 1, 2"


def test_numbers_have_no_classes(tmp_path: Path) -> None:
    assert not hasattr(data_of(tmp_path, "numbers"), "class_counts")


@pytest.mark.parametrize("name", list(CASES))
def test_programs_are_formatted_and_clean(name: str, tmp_path: Path) -> None:
    clean(tmp_path, compiled(tmp_path, name))


@pytest.mark.slow
@pytest.mark.torch
def test_a_training_says_and_keeps_it(tmp_path: Path) -> None:
    compiled(tmp_path, "ids")

    def call(*words: str | Path, folder: Path) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, words)], cwd=folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run = tmp_path / "run"
    said = call("-m", "seqspec", "train", "spec.seq", "--backend", "torch", "--run", run,
                folder=tmp_path)  # fmt: skip
    head = "classes of kind, in percent of the training / validation / test part:\n           0"
    assert said.startswith(head)
    assert "note: missing from the training part: 3\n" in said
    assert json.loads((run / "result.json").read_text())["classes"] == {"kind": FOUR}
    again = call("run.py", "train", "--data", tmp_path / "d.npz", folder=run / "program")
    assert again.startswith(head)
