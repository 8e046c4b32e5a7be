"""``seqspec compile``: all of a program or nothing of it, and never over something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqspec import cli
from seqspec.cli.arguments import PRECISIONS
from seqspec.vocabulary import sections
from tests.cli import LEVEL, TANKS, TOPIC, one_message, seqspec, tree

Capture = pytest.CaptureFixture[str]

# A file size limit stands for a full disk: the write fails, the signal is ignored.
SMALL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("topic.seq").write_text(TOPIC)
    Path("level.seq").write_text(LEVEL)
    Path("tanks.csv").write_text(TANKS)


def refused(capsys: Capture, output: str, *parts: str) -> None:
    before = tree(Path())
    capsys.readouterr()
    assert cli.main(["compile", "topic.seq", "--backend", "torch", "-o", output]) == 1
    one_message(capsys.readouterr().err, *parts)
    assert tree(Path()) == before


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_files_of_a_program(backend: str, capsys: Capture) -> None:
    assert cli.main(["compile", "topic.seq", "--backend", backend, "-o", "a/b/topic"]) == 0
    assert sorted(os.listdir("a/b/topic")) == ["model.py", "weights.py"]
    assert cli.main(["compile", "level.seq", "--backend", backend, "-o", "level"]) == 0
    names = ["checkpoint.py", "data.py", "model.py", "run.py", "train.py", "weights.py"]
    assert sorted(os.listdir("level")) == names
    listed = capsys.readouterr().out.splitlines()[-1].removeprefix("level: ").split(", ")
    assert sorted(listed) == names
    assert os.listdir("a/b") == ["topic"], "no draft is left"


def test_compiling_twice_gives_the_same() -> None:
    for name in ("one", "two"):
        assert cli.main(["compile", "level.seq", "--backend", "torch", "-o", name]) == 0
    assert tree(Path("one")) == tree(Path("two"))


def test_empty_folder_is_taken() -> None:
    Path("empty").mkdir()
    assert cli.main(["compile", "topic.seq", "--backend", "torch", "-o", "empty"]) == 0
    assert Path("empty/model.py").is_file()


def test_folder_follows_the_umask() -> None:
    old = os.umask(0o027)
    try:
        assert cli.main(["compile", "topic.seq", "--backend", "torch", "-o", "out"]) == 0
    finally:
        os.umask(old)
    assert Path("out").stat().st_mode & 0o777 == 0o750
    assert Path("out/model.py").stat().st_mode & 0o777 == 0o640


def test_wrong_spec_writes_nothing(capsys: Capture) -> None:
    Path("topic.seq").write_text(TOPIC.replace("lstm", "ltsm"))
    refused(capsys, "out", "SEQ202")


def test_folder_that_is_not_empty(capsys: Capture) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    refused(capsys, "out", "SEQ804", "nothing is overwritten")


def test_file_in_place_of_the_folder(capsys: Capture) -> None:
    Path("out").write_text("mine")
    refused(capsys, "out", "SEQ803")


def test_path_below_a_file(capsys: Capture) -> None:
    Path("out").write_text("mine")
    refused(capsys, "out/program", "SEQ803", "out is not a folder")


def test_dangling_link(capsys: Capture) -> None:
    Path("out").symlink_to("nowhere")
    refused(capsys, "out", "SEQ803")


def test_name_that_is_too_long(capsys: Capture) -> None:
    refused(capsys, "x" * 300, "SEQ803", "too long")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(capsys: Capture) -> None:
    Path("locked").mkdir()
    Path("locked").chmod(0o500)
    refused(capsys, "locked/out", "SEQ803", "permission denied")


def test_full_disk(tmp_path: Path) -> None:
    before = tree(tmp_path)
    done = seqspec(
        "compile", "level.seq", "--backend", "torch", "-o", "out", cwd=tmp_path, code=SMALL_DISK,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 1
    one_message(done.stderr, "SEQ803", "file too large")
    assert tree(tmp_path) == before


def test_full_disk_for_the_output_of_a_command(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    code = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    done = seqspec("summary", "topic.seq", cwd=tmp_path, code=code)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no space left" in done.stderr.lower()


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_precision_of_a_program(backend: str) -> None:
    command = ["compile", "level.seq", "--backend", backend, "-o"]
    assert cli.main([*command, "float32", "--precision", "float32"]) == 0
    assert cli.main([*command, "plain"]) == 0
    assert tree(Path("float32")) == tree(Path("plain"))
    assert cli.main([*command, "mixed", "--precision", "mixed_bfloat16"]) == 0
    changed = [n for n, text in tree(Path("mixed")).items() if text != tree(Path("plain"))[n]]
    # In PyTorch the forward pass computes in less, but for what gives the output.
    # A checkpoint says in what precision it was trained.
    models = ["model.py", "train.py"] if backend == "torch" else ["model.py"]
    assert changed == ["checkpoint.py", *models]
    assert PRECISIONS == sections.PRECISIONS


def test_precision_is_that_of_a_training(capsys: Capture) -> None:
    command = ["compile", "topic.seq", "--backend", "torch", "-o", "out"]
    assert cli.main([*command, "--precision", "mixed_bfloat16"]) == 1
    one_message(capsys.readouterr().err, "train")
    assert not Path("out").exists()
