"""A training that was killed goes on as if it had not been: the same weights, metrics and log."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from seqspec.driver import Compilation
from seqspec.running.program import Program

ARRAYS = """
data d {
    source = npz("d.npz")
    split = random(train=70%, validation=15%, seed=1)
    target = y
}
"""
# Gradients add up beyond the ends of epochs, of 6 batches each.
STEPS = """
model Two(x: float[B, T, 3]) -> float[B, 4] {
    x -> gru(6, dropout=0.2, recurrent_dropout=0.1) -> dropout(0.3) -> dense(4)
}
train Two {
    data = d, loss = sparse_categorical_crossentropy, metrics = [accuracy]
    optimizer = sgd(
        learning_rate=cosine_decay(0.01, 40, warmup_target=0.3, warmup_steps=9),
        momentum=0.9, global_clipnorm=1.0, use_ema=true, ema_momentum=0.9,
        gradient_accumulation_steps=4,
    )
    batch_size = 8, epochs = 9
}
"""
COUNTS = """
model Two(x: float[B, T, 3]) -> float[B, 4] {
    x -> bidirectional(lstm(4)) -> batch_norm -> gaussian_noise(0.1) -> dropout(0.3) -> dense(4)
}
train Two {
    data = d, loss = sparse_categorical_crossentropy
    optimizer = adam(0.02), reduce = on_plateau(factor=0.5, patience=2, cooldown=1)
    stop = early(patience=5, min_delta=0.001)
    batch_size = 8, epochs = 30
}
"""

# State goes on from epoch to epoch.
STATE = """
model Two(x: float[B, T, 2]) -> float[B, T, 1] {
    x -> gru(4, return=sequence, stateful=true) -> dropout(0.2) -> dense(1)
}
data d {
    source = csv("d.csv", columns=[a, b])
    split = chronological(train=70%, validation=15%)
    batches = streams(chunk=25)
    target = next_step([a])
}
train Two {
    data = d, loss = mse, epochs = 9, reset = never
}
"""

# Whether a token is right is drawn.
FORCED = """
model Two(x: float[B, T, 3], word: token(4)[B, L]) -> float[B, L, 4] {
    start = x -> gru(6, dropout=0.2)
    word -> embedding(3) -> gru(6, initial=start.state, return=sequence) -> dropout(0.2) -> dense(4)
}
data d {
    source = npz("d.npz")
    split = random(train=70%, validation=15%, seed=1)
    target = z
}
train Two {
    data = d, loss = sparse_categorical_crossentropy
    optimizer = adam(0.02), teacher_forcing = 50%
    batch_size = 8, epochs = 9
}
generate Two { loop = word, start = 0, limit = 5 }
"""


def write(folder: Path, backend: str, spec: str) -> Path:
    """A program on random data, in a folder of its own; what it learns is noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5, 3)).astype(np.float32)
    y, z = rng.integers(0, 4, size=60), rng.integers(0, 4, size=(60, 5))
    np.savez(folder / "d.npz", x=x, y=y, z=z)
    np.savetxt(folder / "d.csv", x.reshape(-1, 3)[:, :2], delimiter=",", header="a,b", comments="")
    (folder / "two.seq").write_text(spec if "data d" in spec else spec + ARRAYS)
    compilation = Compilation.of(folder / "two.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    program = folder / backend
    program.mkdir()
    for file in compilation.files(backend):
        (program / file.path).write_text(file.text)
    return program


def outcome(run: Path) -> dict[str, Any]:
    """All that a training leaves, without the clock's share."""
    left: dict[str, Any] = {}
    newest = max(run.glob("checkpoint-*"), key=lambda path: int(path.stem.partition("-")[2]))
    for path in (run / "best.safetensors", run / "last.safetensors", newest):
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118
                left[f"{path.name}/{name}"] = file.get_tensor(name).tobytes()
            left[f"{path.name} training"] = file.metadata().get("training")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    left["records"] = [{k: v for k, v in record.items() if k != "seconds"} for record in records]
    return left


# ---- killed at any moment


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "spec", "seeds", "kills"),
    [
        pytest.param("torch", "STEPS", range(5), 10, marks=pytest.mark.torch),
        pytest.param("torch", "COUNTS", range(5), 10, marks=pytest.mark.torch),
        pytest.param("torch", "STATE", range(2), 10, marks=pytest.mark.torch),
        pytest.param("torch", "FORCED", range(1), 5, marks=pytest.mark.torch),
        pytest.param("keras", "FORCED", range(1), 1, marks=pytest.mark.keras),
        pytest.param("keras", "STEPS", range(1), 2, marks=pytest.mark.keras),
        pytest.param("keras", "COUNTS", range(1), 1, marks=pytest.mark.keras),
        pytest.param("keras", "STATE", range(1), 1, marks=pytest.mark.keras),
    ],
)
def test_killed_at_any_moment(
    tmp_path: Path, backend: str, spec: str, seeds: range, kills: int
) -> None:
    program = write(tmp_path, backend, globals()[spec])
    runs = ["straight:0:0", *(f"run{seed}:{seed}:{kills}" for seed in seeds)]
    command = [sys.executable, str(Path(__file__).with_name("killing.py")), str(program), *runs]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    killed = [line for line in done.stdout.splitlines() if line.endswith("killed")]
    assert len(killed) >= len(seeds), done.stdout
    straight = outcome(tmp_path / "straight")
    assert len(straight["records"]) > 5
    for seed in seeds:
        assert outcome(tmp_path / f"run{seed}") == straight, f"{seed}\n{done.stdout}"


# ---- in this process, by the program's own command line

Main = Callable[..., int]


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Main]:
    program = Program(write(tmp_path, "torch", STEPS), "torch")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        return int(program.module("run").main(["train", *arguments]))

    yield call
    program.close()


@pytest.mark.torch
def test_more_epochs_than_before(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--run", "straight", "--epochs", "7", "--seed", "5") == 0
    assert main("--run", "run", "--epochs", "3", "--seed", "5") == 0
    capsys.readouterr()
    assert main("--resume", "run", "--epochs", "7") == 0
    out = capsys.readouterr().out
    assert "run goes on after epoch 3\nepoch 4  " in out
    assert outcome(tmp_path / "run") == outcome(tmp_path / "straight")
    assert main("--resume", "run") == 0
    assert "run is finished after epoch 7\nweights" in capsys.readouterr().out
    assert outcome(tmp_path / "run") == outcome(tmp_path / "straight")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(bytes(content))


def header(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"best", b"beft", 1))


@pytest.mark.torch
@pytest.mark.parametrize("damage", [cut_short, empty, one_bit, header])
def test_a_damaged_checkpoint_is_passed_over(
    main: Main,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
) -> None:
    assert main("--run", "straight", "--epochs", "6") == 0
    assert main("--run", "run", "--epochs", "3") == 0
    newest = tmp_path / "run" / "checkpoint-3.safetensors"
    (older,) = (path for path in newest.parent.glob("checkpoint-*") if path != newest)
    damage(newest)
    capsys.readouterr()
    assert main("--resume", "run", "--epochs", "6") == 0
    said = capsys.readouterr()
    assert said.err == "warning: run/checkpoint-3.safetensors is damaged, the one before is used\n"
    assert f"run goes on after epoch {older.stem[-1]}\n" in said.out
    assert outcome(tmp_path / "run") == outcome(tmp_path / "straight")


@pytest.mark.torch
def test_a_record_may_be_cut_short_or_one_too_many(main: Main, tmp_path: Path) -> None:
    assert main("--run", "straight", "--epochs", "4") == 0
    for tail in ('{"epoch": 3, "lo', '{"epoch": 3, "loss": 1.0}\n{"epoch": 4}\n', "\n\n"):
        run = tmp_path / f"run{len(tail)}"
        assert main("--run", str(run), "--epochs", "2") == 0
        with (run / "metrics.jsonl").open("a") as file:
            file.write(tail)
        assert main("--resume", str(run), "--epochs", "4") == 0
        assert outcome(run) == outcome(tmp_path / "straight")


@pytest.mark.torch
def test_a_run_without_a_checkpoint_begins_anew(main: Main, tmp_path: Path) -> None:
    assert main("--run", "straight", "--epochs", "2") == 0
    for leftovers in ([], [".lock"], [".lock", ".checkpoint.partial"]):
        run = tmp_path / f"run{len(leftovers)}"
        run.mkdir()
        for name in leftovers:
            (run / name).write_bytes(b"half")
        assert main("--resume", str(run), "--epochs", "2") == 0
        assert outcome(run) == outcome(tmp_path / "straight")
        assert not (run / ".checkpoint.partial").exists()


@pytest.mark.torch
def test_few_checkpoints_where_writing_takes_long(
    main: Main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count()  # a second from one look to the next, so that writing takes one
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    assert main("--run", "run", "--epochs", "5") == 0
    names = sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*"))
    assert names == ["checkpoint-0.safetensors", "checkpoint-5.safetensors"]


# ---- what it refuses


def refused(main: Main, capsys: pytest.CaptureFixture[str], said: str, *arguments: str) -> None:
    before = {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()}
    capsys.readouterr()
    assert main(*arguments) == 1
    assert capsys.readouterr().err == f"error: {said}\n"
    assert {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()} == before


@pytest.mark.torch
def test_what_is_no_run_of_this_program(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(main, capsys, "there is no run nowhere", "--resume", "nowhere")
    refused(main, capsys, "torch is not the folder of a run", "--resume", "torch")
    assert main("--run", "run", "--epochs", "2") == 0
    refused(main, capsys, "run was begun with seed=0, not 1", "--resume", "run", "--seed", "1")
    said = "run was begun with overfit_one_batch=False, not True"
    refused(main, capsys, said, "--resume", "run", "--overfit-one-batch")
    arrays = dict(np.load(tmp_path / "d.npz"))
    arrays["x"][7, 3, 1] += 1
    np.savez(tmp_path / "other.npz", **arrays)
    said = "these are not the data that run was begun with"
    refused(main, capsys, said, "--resume", "run", "--data", "other.npz")
    for key, other in {"backend": "keras", "spec_sha256": "0" * 64}.items():
        path = tmp_path / "run" / "checkpoint-2.safetensors"
        written = path.read_bytes()
        rewrite(path, key, other)
        assert main("--resume", "run") == 1
        said = capsys.readouterr().err
        assert said.startswith(f"error: run/checkpoint-2.safetensors has the {key} {other!r}, this")
        path.write_bytes(written)
    (tmp_path / "run" / "best.safetensors").unlink()
    said = "run/best.safetensors is missing, so the best weights are lost"
    refused(main, capsys, said, "--resume", "run", "--epochs", "3")


def rewrite(path: Path, key: str, value: str) -> None:
    """Gives a checkpoint another entry of its metadata, and the digest that belongs to it."""
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    blank = "-" * 64
    content = save(arrays, metadata | {key: value, "sha256": blank})
    digest = hashlib.sha256(content).hexdigest()
    path.write_bytes(content.replace(blank.encode(), digest.encode(), 1))


@pytest.mark.torch
def test_no_whole_checkpoint_is_left(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--run", "run", "--epochs", "2") == 0
    for path in (tmp_path / "run").glob("checkpoint-*"):
        cut_short(path)
    assert main("--resume", "run", "--epochs", "3") == 1
    assert "error: run has no whole checkpoint to go on from" in capsys.readouterr().err
    for path in (tmp_path / "run").glob("checkpoint-*"):
        path.unlink()
    said = "run has no whole checkpoint to go on from"
    refused(main, capsys, said, "--resume", "run", "--epochs", "3")


@pytest.mark.torch
def test_two_processes_at_once(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--run", "run", "--epochs", "1") == 0
    with (tmp_path / "run" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = "another process is training in run"
        refused(main, capsys, said, "--resume", "run", "--epochs", "2")
    assert main("--resume", "run", "--epochs", "2") == 0


@pytest.mark.torch
def test_a_full_disk(main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As with a disk, bytes are written up to a limit; the files of weights stay below it."""
    assert main("--run", "straight", "--epochs", "5") == 0
    assert main("--run", "run", "--epochs", "2") == 0
    path = tmp_path / "run" / "checkpoint-2.safetensors"
    written = path.read_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(written) // 2, hard))
    try:
        code = main("--resume", "run", "--epochs", "5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    said = capsys.readouterr().err
    assert code == 1
    assert re.fullmatch(
        r"error: \[Errno 27\] File too large; the checkpoint before is whole: "
        r"'run/checkpoint-\d\.safetensors'\n",
        said,
    ), said
    assert path.read_bytes() == written
    assert not (tmp_path / "run" / ".checkpoint.partial").exists()
    assert main("--resume", "run", "--epochs", "5") == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "straight")
