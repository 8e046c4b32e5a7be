"""Train, evaluate and predict on the command line, and what they make of bad input."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqspec import cli
from tests.cli import LEVEL, ROOT, TANKS, one_message, tree

Capture = pytest.CaptureFixture[str]
pytestmark = [pytest.mark.e2e, pytest.mark.torch]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("level.seq").write_text(LEVEL)
    Path("tanks.csv").write_text(TANKS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, made once; tests get a copy."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "level.seq").write_text(LEVEL)
    (folder / "tanks.csv").write_text(TANKS)
    run = folder / "run"
    assert cli.main(["train", str(folder / "level.seq"), "--run", str(run), *TORCH]) == 0
    return run


@pytest.fixture
def run(trained: Path) -> Path:
    shutil.copytree(trained, "run")
    return Path("run")


TORCH = ("--backend", "torch")


def said(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refused(capsys: Capture, *arguments: str, parts: tuple[str, ...], code: int = 1) -> None:
    """One message, the right exit code, no traceback, nothing left behind."""
    before = {name: text for name, text in tree(Path()).items() if name != "runs"}
    ended, _, err = said(capsys, *arguments)
    assert ended == code, err
    one_message(err, *parts)
    after = {name: text for name, text in tree(Path()).items() if name != "runs"}
    assert {n for n in after if "__pycache__" not in n} == {
        n for n in before if "__pycache__" not in n
    }


# ---- the happy path


def test_train_evaluate_predict(trained: Path, run: Path, capsys: Capture) -> None:
    names = {path.name for path in run.iterdir()}
    assert {
        *("spec.seq", "run.json", "program", "metrics.jsonl", "loss.png"),
        *("best.safetensors", "last.safetensors", "result.json"),
    } <= names
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    code, out, _ = said(capsys, "evaluate", "run", "--data", "tanks.csv")
    assert code == 0
    assert "rmse" in out
    code, out, _ = said(capsys, "evaluate", "run", "--data", "tanks.csv", "--format", "json")
    assert code == 0
    assert "rmse" in json.dumps(json.loads(out))
    code, out, _ = said(capsys, "predict", "run", "--data", "tanks.csv", "-o", "p.csv")
    assert code == 0
    rows = Path("p.csv").read_text().splitlines()
    assert len(rows) == 1 + 60 - 4 + 1, "a header, and every window: the last one's target is new"


def test_train_chooses_a_new_folder(capsys: Capture) -> None:
    for _ in range(2):
        assert said(capsys, "train", "level.seq", "--epochs", "1", *TORCH)[0] == 0
    assert sorted(os.listdir("runs")) == ["level-1", "level-2"]


def test_set_is_kept_with_the_run(capsys: Capture) -> None:
    text = "param units = 4\n" + LEVEL.replace("lstm(4)", "lstm(units)")
    Path("level.seq").write_text(text)
    arguments = ("train", "level.seq", "--set", "units=3", "--epochs", "1", "--run", "run")
    assert said(capsys, *arguments, *TORCH)[0] == 0
    assert json.loads(Path("run/run.json").read_text())["overrides"] == {"units": 3}
    assert said(capsys, "evaluate", "run")[0] == 0


# ---- bad data

HEAD, *ROWS = TANKS.splitlines()
BAD_FILES = {
    "not-a-number": ([HEAD, *ROWS[:9], "nan,0.1", *ROWS[9:]], ["line 11", "pressure", "missing"]),
    "empty cell": ([HEAD, *ROWS[:9], "1.0,", *ROWS[9:]], ["line 11", "level", "missing"]),
    "text": ([HEAD, *ROWS[:9], "high,0.1", *ROWS[9:]], ["line 11", "pressure", "'high'"]),
    "infinite": ([HEAD, *ROWS[:9], "inf,0.1", *ROWS[9:]], ["line 11", "pressure", "finite"]),
    "too short": ([HEAD, *ROWS[:6]], ["training part"]),
    "no rows": ([HEAD], ["no rows"]),
    "long row": ([HEAD, *ROWS[:9], "1,2,3"], ["line 11", "3 fields"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_rows(name: str, capsys: Capture) -> None:
    lines, parts = BAD_FILES[name]
    Path("tanks.csv").write_text("\n".join(lines) + "\n")
    refused(capsys, "train", "level.seq", "--run", "run", *TORCH, parts=("SEQ614", *parts))
    refused(capsys, "train", "level.seq", *TORCH, parts=("SEQ614",))
    assert not Path("run").exists()
    assert not any(Path("runs").iterdir())


def test_missing_data_file(capsys: Capture) -> None:
    Path("tanks.csv").unlink()
    ended, _, err = said(capsys, "train", "level.seq", "--run", "run", *TORCH)
    assert ended == 1
    assert not Path("run").exists()
    assert err.count("error[") == 1, err
    assert "tanks.csv" in err


def test_missing_data_file_on_the_command_line(capsys: Capture) -> None:
    ended, _, err = said(
        capsys, "train", "level.seq", "--data", "other.csv", "--run", "run", *TORCH
    )
    assert ended == 1
    assert not Path("run").exists()
    assert err.count("error[") == 1, err
    assert "other.csv" in err


def test_wrong_column(capsys: Capture) -> None:
    Path("tanks.csv").write_text(TANKS.replace("level", "height"))
    refused(capsys, "train", "level.seq", "--run", "run", *TORCH, parts=("SEQ602", "`level`"))


def test_data_that_is_not_text(capsys: Capture) -> None:
    Path("tanks.csv").write_bytes(b"pressure,level\n1,\xff\xfe\n")
    refused(capsys, "train", "level.seq", "--run", "run", *TORCH, parts=("tanks.csv",))


def test_data_that_is_a_folder(capsys: Capture) -> None:
    Path("tanks.csv").unlink()
    Path("tanks.csv").mkdir()
    ended, _, err = said(capsys, "train", "level.seq", "--run", "run", *TORCH)
    assert (ended, err.count("error["), Path("run").exists()) == (1, 1, False), err


# ---- bad surroundings


def test_no_train_section(capsys: Capture) -> None:
    Path("level.seq").write_text(LEVEL[: LEVEL.index("data")])
    refused(capsys, "train", "level.seq", *TORCH, parts=("SEQ617",))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "../cpu", ""])
def test_unknown_device(device: str, run: Path, capsys: Capture) -> None:
    parts = ("SEQ616",)
    arguments = ("train", "level.seq", "--run", "new", "--device", device, *TORCH)
    refused(capsys, *arguments, parts=parts)
    refused(capsys, "evaluate", "run", "--data", "tanks.csv", "--device", device, parts=parts)


def test_run_folder_that_exists(run: Path, capsys: Capture) -> None:
    before = tree(run)
    parts = ("SEQ616", "never overwritten")
    refused(capsys, "train", "level.seq", "--run", "run", *TORCH, parts=parts)
    assert tree(run) == before


def test_run_folder_below_a_file(capsys: Capture) -> None:
    Path("file").write_text("mine")
    refused(capsys, "train", "level.seq", "--run", "file/run", *TORCH, parts=("SEQ616",))
    refused(capsys, "train", "level.seq", "--run", "file", *TORCH, parts=("SEQ616", "is a file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_run_folder_that_cannot_be_written(capsys: Capture) -> None:
    Path("locked").mkdir(mode=0o500)
    refused(capsys, "train", "level.seq", "--run", "locked/run", *TORCH, parts=("SEQ616",))


def test_full_disk_while_training(tmp_path: Path) -> None:
    """The weights do not fit: one message, and no checkpoint that is half one."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import torch, numpy, matplotlib.pyplot\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (14000, 14000))\n"
        "from seqspec.cli import main\nsys.exit(main())\n"
    )
    text = LEVEL.replace("lstm(4)", "lstm(64)")
    (tmp_path / "level.seq").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "level.seq", "--run", "run", *TORCH],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    one_message(done.stderr, "file too large")
    left = tree(tmp_path)
    assert not [name for name in left if name.endswith(".safetensors")], list(left)


# ---- bad run folders


def test_folder_that_is_no_run(capsys: Capture) -> None:
    Path("folder").mkdir()
    for command in ("evaluate", "predict"):
        refused(capsys, command, "folder", parts=("SEQ616", "run.json"))
        refused(capsys, command, "nothing", parts=("SEQ616", "nothing"))
        refused(capsys, command, "level.seq", parts=("SEQ616",))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"format": 1}',
        '{"format": "x"}',
        b"\xff\xfe",
    ],
    ids=repr,
)
def test_corrupt_run_json(content: str | bytes, run: Path, capsys: Capture) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (run / "run.json").write_bytes(data)
    refused(capsys, "evaluate", "run", parts=("SEQ616", "run.json"))


@pytest.mark.parametrize(
    "change",
    [{"backend": 7}, {"backend": [1]}, {"backend": "jax"}, {"data": None}, {"data": ["x"]}],
    ids=repr,
)
def test_run_json_of_the_wrong_kinds(change: dict[str, object], run: Path, capsys: Capture) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, **change}))
    refused(capsys, "evaluate", "run", parts=("SEQ616", "run.json"))


DAMAGE = {
    "empty": b"",
    "cut": None,
    "noise": os.urandom(4096),
    "long header": (2**40).to_bytes(8, "little") + b"{}",
    "pickle": pickle.dumps({"lstm/kernel": [1.0]}),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_weights(kind: str, run: Path, capsys: Capture) -> None:
    whole = (run / "best.safetensors").read_bytes()
    damaged = DAMAGE[kind]
    (run / "best.safetensors").write_bytes(whole[:-100] if damaged is None else damaged)
    for command in ("evaluate", "predict"):
        parts = ("SEQ616", "best.safetensors")
        refused(capsys, command, "run", "--data", "tanks.csv", parts=parts)


def test_no_weights(run: Path, capsys: Capture) -> None:
    (run / "best.safetensors").unlink()
    (run / "last.safetensors").unlink()
    refused(capsys, "predict", "run", parts=("SEQ616", "holds no weights"))


def test_program_that_is_gone_or_broken(run: Path, capsys: Capture) -> None:
    (run / "program/model.py").write_text("def build_model(:\n")
    refused(capsys, "predict", "run", "--data", "tanks.csv", parts=("SEQ616", "not valid Python"))
    shutil.rmtree(run / "program")
    refused(capsys, "predict", "run", "--data", "tanks.csv", parts=("SEQ616", "model.py"))


def test_predictions_into_a_folder_that_is_not_there(run: Path, capsys: Capture) -> None:
    arguments = ("predict", "run", "--data", "tanks.csv", "-o")
    refused(capsys, *arguments, "no/such/p.csv", parts=("SEQ616", "no/such"))
    refused(capsys, *arguments, "run", parts=("SEQ616", "run"))


def test_data_of_another_form(run: Path, capsys: Capture) -> None:
    Path("other.csv").write_text("a,b\n1,2\n")
    for command in ("evaluate", "predict"):
        parts = ("SEQ614", "pressure")
        refused(capsys, command, "run", "--data", "other.csv", parts=parts)


def test_data_that_is_gone(run: Path, capsys: Capture) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "data": "/no/such/tanks.csv"}))
    refused(capsys, "evaluate", "run", parts=("/no/such/tanks.csv",))


# ---- Ctrl-C and worse


def test_ctrl_c_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "seqspec", "train", "level.seq", "--epochs", "100000", "--run", "r",
         *TORCH],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    last = tmp_path / "r/last.safetensors"
    for _ in range(600):
        if last.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert cli.main(["evaluate", str(tmp_path / "r")]) == 0
    assert [path.name for path in (tmp_path / "r").glob(".*")] == [".lock"], "no draft is left"


def test_diverging_training_stops(capsys: Capture) -> None:
    text = LEVEL.replace("epochs     = 2", "epochs = 5\n    optimizer = sgd(learning_rate=1e30)")
    Path("level.seq").write_text(text.replace("lstm(4)", "flatten"))
    code, _, err = said(capsys, "train", "level.seq", "--run", "run", *TORCH)
    assert code == 1
    one_message(err, "SEQ615")
