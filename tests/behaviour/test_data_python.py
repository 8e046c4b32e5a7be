"""The one door to user code: who goes through it, and what is said of what comes out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from tests.behaviour.data_tasks import program

ROOT = Path(__file__).parents[2]
SPEC = """
model M(x: float[B, 4, 2]) -> float[B, 3] {
    x -> lstm(4) -> dense(3)
}
data d {
    source = python("tools.readings:load")
    target = kind
    split = chronological(train=60%, validation=20%)
}
train M {
    data = d, loss = sparse_categorical_crossentropy, batch_size = 4, epochs = 1
}
"""
MODULE = """
from pathlib import Path
import numpy as np
from beside import COUNT

marks = Path(__file__).parent / "marks"
marks.write_text(marks.read_text() + "read " if marks.exists() else "read ")


def load():
    x = np.arange(COUNT * 8).reshape(COUNT, 4, 2) / 50
    return {"x": x, "kind": np.arange(COUNT) % 3, "spare": "not asked for"}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec whose data comes out of a module in a folder beside it."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "readings.py").write_text(MODULE)
    (tmp_path / "tools" / "beside.py").write_text("COUNT = 20\n")
    (tmp_path / "m.seq").write_text(SPEC)
    return tmp_path / "m.seq"


def data_of(spec: Path) -> Any:
    compilation = Compilation.of(spec)
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return program(compilation.task, spec.parent)


def test_arrays_come_from_the_function(spec: Path) -> None:
    dataset = data_of(spec).load(spec.parent / "tools" / "readings.py")
    assert len(dataset.train) == 12
    assert dataset.train.inputs[0].dtype == np.float32
    assert dataset.test.target.tolist() == [16 % 3, 17 % 3, 18 % 3, 19 % 3]
    assert str(spec.parent / "tools") not in sys.path


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["summary"],
        ["check", "--format", "json"],
        ["compile", "--backend", "torch", "-o", "p"],
    ],
)
def test_nothing_but_running_imports_it(spec: Path, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seqspec", command[0], "m.seq", *command[1:]],
        cwd=spec.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (spec.parent / "tools" / "marks").exists()
    assert not list(spec.parent.rglob("*.pyc")), "nor is it compiled"


@pytest.mark.torch
@pytest.mark.slow
def test_train_evaluate_and_predict_call_it(spec: Path) -> None:
    marks = spec.parent / "tools" / "marks"
    for count, command in enumerate(
        (["train", "m.seq", "--run", "run"], ["evaluate", "run"], ["predict", "run"]), start=1
    ):
        done = subprocess.run(
            [sys.executable, "-m", "seqspec", *command],
            cwd=spec.parent,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert marks.read_text().split() == ["read"] * count


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("def other(): pass", r"has no function load\(\)"),
        ("load = 3", r"has no function load\(\)"),
        ("def load(): return 3", "must return arrays by name, not int"),
        ("def load(): return {}", "has no array 'x'"),
        ("def load(): return {'x': 'abc', 'kind': 3}", "array 'x' of .* holds no numbers"),
        ("def load(): return {'x': [[1, 2], [3]], 'kind': [3]}", "returns what is no array"),
        ("import numpy as np\ndef load(): return {'x': np.ones((9, 3, 2)), 'kind': [0] * 9}",
         r"shape \(9, 3, 2\), the spec declares \[B, 4, 2\]"),
        ("import numpy as np\ndef load(): return {'x': np.ones((9, 4, 2)), 'kind': [0] * 8}",
         "B is 9 in array 'x' but 8 in 'kind'"),
        ("import numpy as np\ndef load(): return {'x': np.ones((9, 4, 2)), 'kind': [7] * 9}",
         "not a whole number from 0 to 2"),
        ("def load():\n    return 1 / 0", r"failed at readings.py, line 2: ZeroDivisionError"),
        ("def load(:", "failed at .*SyntaxError"),
        ("import nothing_of_that_name", "failed at readings.py, line 1: ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said(spec: Path, module: str, message: str) -> None:
    data = data_of(spec)
    path = spec.parent / "tools" / "readings.py"
    path.write_text(module)
    with pytest.raises(data.DataError, match=message):
        data.load(path)


def test_a_module_that_is_not_there(spec: Path) -> None:
    data = data_of(spec)
    with pytest.raises(data.DataError, match="no such Python module"):
        data.load(spec.parent / "nowhere.py")
    (spec.parent / "tools" / "readings.py").unlink()
    compilation = Compilation.of(spec)
    compilation.check()
    assert [d.code.number for d in compilation.diagnostics] == ["SEQ601"]


@pytest.mark.parametrize(
    "written", ["readings", "readings:", ":load", "a-b:load", "../x:load", "x:y()"]
)
def test_a_door_is_a_module_and_a_function(spec: Path, written: str) -> None:
    spec.write_text(SPEC.replace("tools.readings:load", written))
    compilation = Compilation.of(spec)
    compilation.check()
    assert [d.code.number for d in compilation.diagnostics] == ["SEQ303"]
