"""Predictions that go on from a carried state, as commands of seqspec and of a program."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seqspec import cli
from tests.cli import LEVEL, TANKS, one_message

Capture = pytest.CaptureFixture[str]
pytestmark = [pytest.mark.e2e, pytest.mark.torch]

SPEC = """
model Tanks(levels: float[B, T, 2]) -> float[B, T, 2] {
    levels -> lstm(4, return=sequence, stateful=true) -> dense(2)
}
data readings {
    source  = csv("tanks.csv", columns=[pressure, level], series=tank, order=hour)
    batches = streams(chunk=5)
    scale   = standard()
    target  = next_step()
}
train Tanks { data = readings, loss = mse, epochs = 2, reset = epoch }
"""
HOURS = 40


def rows(path: str, hours: range, tanks: str = "ab") -> None:
    lines = [f"{tank},{hour},{hour / 9:.2f},{hour % 7}" for tank in tanks for hour in hours]
    Path(path).write_text("\n".join(["tank,hour,pressure,level", *lines]) + "\n")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        rows("tanks.csv", range(HOURS))
        rows("first.csv", range(30))
        rows("rest.csv", range(30, HOURS))
        (folder / "tanks.seq").write_text(SPEC)
        assert cli.main(["train", "tanks.seq", "--backend", "torch", "--run", "run"]) == 0
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def predictions(path: str) -> dict[tuple[str, str], list[float]]:
    """By series and row of the file."""
    with Path(path).open(newline="") as file:
        return {
            (row["tank"], row["row"]): [float(row["pressure"]), float(row["level"])]
            for row in csv.DictReader(file)
        }


def predict(*arguments: str) -> int:
    return cli.main(["predict", "run", *arguments])


def test_a_file_goes_on_where_another_ended(folder: Path) -> None:
    assert predict("--data", "tanks.csv", "-o", "all.csv") == 0
    assert predict("--data", "first.csv", "-o", "a.csv", "--state-out", "kept.safetensors") == 0
    state = ["--state-in", "kept.safetensors"]
    assert predict("--data", "rest.csv", "-o", "b.csv", *state) == 0
    assert predict("--data", "rest.csv", "-o", "c.csv") == 0
    whole, first, rest, anew = (predictions(f"{name}.csv") for name in ("all", *"abc"))
    for tank, place in (("a", 0), ("b", 1)):
        got = [v for (t, _), v in (*first.items(), *rest.items()) if t == tank]
        wanted = list(whole.values())[place * HOURS :][:HOURS]
        assert len(got) == HOURS
        for ours, theirs in zip(got, wanted, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-5)
    assert rest[("a", "1")] != pytest.approx(anew[("a", "1")], abs=1e-3), "the state does matter"

    program = [sys.executable, "run.py", "predict", "--weights", "../best.safetensors"]
    program += ["--data", "../../rest.csv", "-o", "../../d.csv"]
    program += ["--state-in", "../../kept.safetensors", "--state-out", "../../more.safetensors"]
    done = subprocess.run(program, cwd="run/program", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "the state of each series is in ../../more.safetensors" in done.stdout
    assert predictions("d.csv") == rest
    assert Path("more.safetensors").is_file()


def test_from_the_end_of_the_training(folder: Path, capsys: Capture) -> None:
    """28 of 40 rows of each tank are trained on, the last of them as a target."""
    rows("later.csv", range(27, HOURS), "ac")
    capsys.readouterr()
    assert predict("--data", "later.csv", "-o", "a.csv", "--carried") == 0
    assert "1 of 2 series, which begin with a cleared one: c" in capsys.readouterr().err
    assert predict("--data", "later.csv", "-o", "b.csv") == 0
    carried, cleared = predictions("a.csv"), predictions("b.csv")
    assert carried[("c", "14")] == cleared[("c", "14")]
    assert carried[("a", "1")] != pytest.approx(cleared[("a", "1")], abs=1e-3)


def test_no_state(folder: Path, capsys: Capture) -> None:
    def refused(*parts: str, arguments: list[str]) -> None:
        capsys.readouterr()
        assert predict("--data", "rest.csv", *arguments) == 1
        one_message(capsys.readouterr().err, *parts)

    Path("kept.safetensors").write_bytes(Path("run/best.safetensors").read_bytes()[:99])
    bad = ["--state-in", "kept.safetensors"]
    refused("kept.safetensors is no state file", arguments=bad)
    refused("there is no file none", arguments=["--state-in", "none"])
    refused("no/kept cannot be written", arguments=["--state-out", "no/kept"])
    program = [sys.executable, "run.py", "predict", "--weights", "../best.safetensors"]
    program += ["--data", "../../rest.csv", "--state-in", "../../kept.safetensors"]
    done = subprocess.run(program, cwd="run/program", capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    one_message(done.stderr, "error: ../../kept.safetensors is no state file")
    with pytest.raises(SystemExit) as left:
        predict(*bad, "--carried")
    assert left.value.code == 2

    Path("level.seq").write_text(LEVEL)
    Path("tanks.csv").write_text(TANKS)
    assert cli.main(["train", "level.seq", "--backend", "torch", "--run", "other"]) == 0
    capsys.readouterr()
    assert cli.main(["predict", "other", "--carried"]) == 1
    one_message(capsys.readouterr().err, "carries no state", "stateful=true")
