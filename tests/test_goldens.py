"""The golden programs are what the compiler writes today, and read as their readers expect."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seqspec.backends.base import BACKENDS
from tests.golden import FOLDER, ROOT, kept, programs, sources

CASES = sources()
PROGRAM_FOLDERS = sorted(
    path for case in CASES for path in (FOLDER / case).glob("*") if path.is_dir()
)
# SIM118: a weights file has `keys()` and is no dictionary, which ruff cannot know.
RULES = (
    *("--select", "B,C4,E,F,I,PIE,RET,RUF,SIM,UP,W"),
    *("--ignore", "RUF001,RUF002,RUF003,SIM118"),
)
RUFF = (sys.executable, "-m", "ruff")


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def test_every_folder_belongs_to_a_spec() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == set(CASES), "run `make bless`"


@pytest.mark.parametrize("case", CASES)
def test_program_is_what_is_kept(case: str) -> None:
    fresh, old = programs(CASES[case]), kept(case)
    assert sorted(fresh) == sorted(old), "run `make bless`"
    for file, text in fresh.items():
        assert text == old[file], f"{case}/{file} changed: run `make bless` and read the diff"


def without_batches(text: str) -> str:
    """``data.py`` but for what a training loop of one's own takes; Keras has a PyDataset."""
    return re.sub(r"def batches\(.*?\n\n\n", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("case", CASES)
def test_both_programs_read_data_the_same_way(case: str) -> None:
    files = kept(case)
    ours, theirs = (without_batches(files.get(f"{backend}/data.py", "")) for backend in BACKENDS)
    assert ours == theirs
    for backend in BACKENDS:
        own = {f.partition("/")[2] for f in files if f.startswith(f"{backend}/")}
        assert own == {f.partition("/")[2] for f in files}, f"{backend} lacks a file"


@pytest.mark.slow
def test_programs_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "from tests.golden import programs, sources\n"
        "from hashlib import sha256\n"
        "for case, spec in sources().items():\n"
        "    for name, text in programs(spec).items():\n"
        "        print(case, name, sha256(text.encode()).hexdigest())\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


@pytest.mark.parametrize("folder", PROGRAM_FOLDERS, ids=name)
def test_program_is_python_and_stands_alone(folder: Path) -> None:
    own = {path.stem for path in folder.glob("*.py")}
    allowed = {folder.name, "numpy", "safetensors", *own, *sys.stdlib_module_names}
    if folder.name == "keras":
        allowed.add("tensorflow")
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        compile(text, str(path), "exec", dont_inherit=True)
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert all(n.split(".")[0] in allowed for n in names), f"{path.name}: {names}"
        assert str(ROOT) not in text, "a program does not know where it was compiled"


@pytest.mark.parametrize("folder", PROGRAM_FOLDERS, ids=name)
def test_program_is_formatted_and_clean(folder: Path) -> None:
    """As a reader would find it who runs ruff in the program's folder."""
    for command in (
        ("format", "--check", "--diff", "--isolated", "--line-length", "100", "."),
        ("check", "--isolated", "--line-length", "100", "--target-version", "py311", *RULES, "."),
    ):
        done = subprocess.run(
            [*RUFF, *command, "--no-cache"], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.keras
def test_programs_pass_a_type_checker() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "-p", str(FOLDER)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
