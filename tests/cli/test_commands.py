"""Commands that need no framework: what they print and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from seqspec import __version__, cli
from seqspec.diagnostics.codes import CATALOGUE
from tests.cli import LEVEL, ROOT, TANKS, TOPIC, one_message, seqspec

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("topic.seq").write_text(TOPIC)
    Path("level.seq").write_text(LEVEL)
    Path("tanks.csv").write_text(TANKS)
    Path("wrong.seq").write_text(TOPIC.replace("embedding", "embeding"))
    Path("idle.seq").write_text("param idle = 1\n" + TOPIC)


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main(arguments)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return code, printed.out, printed.err


def answer(capsys: Capture, *arguments: str) -> Any:
    _, out, _ = run(capsys, *arguments)
    return json.loads(out)


# ---- check


def test_check_says_that_nothing_is_wrong(capsys: Capture) -> None:
    code, out, err = run(capsys, "check", "topic.seq")
    assert (code, out, err) == (0, "topic.seq: 1 model, nothing wrong\n", "")


def test_check_reads_the_head_of_the_data(capsys: Capture) -> None:
    assert run(capsys, "check", "level.seq")[0] == 0


def test_check_tells_a_mistake_on_standard_error(capsys: Capture) -> None:
    code, out, err = run(capsys, "check", "wrong.seq")
    assert (code, out) == (1, "")
    one_message(err, "error[SEQ202]", "wrong.seq:5:13", "did you mean `embedding`?", "1 error")


def test_warnings_pass_unless_strict(capsys: Capture) -> None:
    code, _, err = run(capsys, "check", "idle.seq")
    assert code == 0
    assert "warning[SEQ210]" in err
    assert run(capsys, "check", "--strict", "idle.seq")[0] == 1
    assert run(capsys, "summary", "--strict", "idle.seq")[0] == 1
    assert run(capsys, "summary", "idle.seq")[0] == 0


def test_notes_pass_even_if_strict(capsys: Capture) -> None:
    Path("slow.seq").write_text(TOPIC.replace("lstm(units)", "gru(units, reset_after=false)"))
    code, _, err = run(capsys, "check", "--strict", "slow.seq")
    assert code == 0
    assert "note[SEQ701]" in err


def test_check_as_json(capsys: Capture) -> None:
    assert answer(capsys, "check", "--format", "json", "topic.seq") == {
        "file": "topic.seq",
        "ok": True,
        "diagnostics": [],
    }
    found = answer(capsys, "check", "--format", "json", "wrong.seq")
    assert found["ok"] is False
    (diagnostic,) = found["diagnostics"]
    assert diagnostic["code"] == "SEQ202"
    assert diagnostic["name"] == "unknown-layer"
    assert diagnostic["severity"] == "error"
    assert diagnostic["place"] == {"line": 5, "column": 13, "end_line": 5, "end_column": 21}
    assert set(diagnostic) == {
        *("code", "name", "severity", "message", "file", "place", "here", "labels", "help", "fix")
    }


def test_strict_decides_what_json_calls_ok(capsys: Capture) -> None:
    assert answer(capsys, "check", "--format", "json", "idle.seq")["ok"] is True
    assert answer(capsys, "check", "--strict", "--format", "json", "idle.seq")["ok"] is False


# ---- summary


def test_summary_as_json_is_the_contract(capsys: Capture) -> None:
    assert answer(capsys, "summary", "--format", "json", "topic.seq") == {
        "model": "Topic",
        "total_params": 164_106,
        "trainable_params": 164_106,
        "layers": [
            {
                "name": "embedding",
                "type": "embedding",
                "output_shape": ["B", "T", 64],
                "params": 64_000,
                "trainable_params": 64_000,
            },
            {
                "name": "lstm",
                "type": "lstm",
                "output_shape": ["B", 128],
                "params": 98_816,
                "trainable_params": 98_816,
            },
            {
                "name": "dense",
                "type": "dense",
                "output_shape": ["B", 10],
                "params": 1_290,
                "trainable_params": 1_290,
            },
        ],
        "outputs": {"output": ["B", 10]},
    }


def test_summary_lists_a_shared_layer_once(capsys: Capture) -> None:
    Path("twins.seq").write_text(
        "model Twins(left: float[B, T, 6], right: float[B, T, 6]) -> float[B, 1] {\n"
        "    tower = lstm(8)\n    a = left -> tower\n    b = right -> tower\n"
        "    concat(a, b) -> dense(1)\n}\n"
    )
    found = answer(capsys, "summary", "--format", "json", "twins.seq")
    assert [x["type"] for x in found["layers"]].count("lstm") == 1
    assert found["total_params"] == 4 * 8 * (6 + 8 + 1) + 17
    assert found["total_params"] == sum(x["params"] for x in found["layers"])


def test_summary_counts_moving_statistics_as_not_trainable(capsys: Capture) -> None:
    Path("norm.seq").write_text(
        "model Norm(x: float[B, T - 2, 4]) -> (steps: float[B, T - 2, 4], last: float[B, 3]) {\n"
        "    steps = x -> batch_norm\n    last = steps -> gru(3)\n}\n"
    )
    found = answer(capsys, "summary", "--format", "json", "norm.seq")
    assert found["total_params"] - found["trainable_params"] == 8
    assert found["outputs"] == {"steps": ["B", "T-2", 4], "last": ["B", 3]}


def test_summary_counts_frozen_vectors_as_not_trainable(capsys: Capture) -> None:
    Path("frozen.seq").write_text(
        "model Words(x: token(13)[B, T]) -> float[B, 3] {\n"
        "    x -> embedding(7, trainable=false) -> gru(3)\n}\n"
    )
    found = answer(capsys, "summary", "--format", "json", "frozen.seq")
    assert found["total_params"] - found["trainable_params"] == 13 * 7
    assert run(capsys, "summary", "frozen.seq")[1].count("91 not trainable") == 1


def test_set_changes_a_param(capsys: Capture) -> None:
    found = answer(capsys, "summary", "--format", "json", "--set", "units=32", "topic.seq")
    assert found["total_params"] == 64_000 + 4 * 32 * (64 + 32 + 1) + 330


@pytest.mark.parametrize("value", ["lots", "0", "-3", "2.5", "true", "1e999", "nan"])
def test_set_to_nonsense_is_one_error(value: str, capsys: Capture) -> None:
    code, _, err = run(capsys, "check", "--set", f"units={value}", "topic.seq")
    assert code == 1
    one_message(err)


def test_set_of_an_unknown_param(capsys: Capture) -> None:
    code, _, err = run(capsys, "check", "--set", "unit=3", "topic.seq")
    assert code == 1
    one_message(err, "SEQ208", "did you mean `units`?")


def test_model_picks_one_of_several(capsys: Capture) -> None:
    Path("two.seq").write_text(TOPIC + TOPIC[TOPIC.index("model") :].replace("Topic", "Other"))
    code, _, err = run(capsys, "summary", "two.seq")
    assert code == 1
    one_message(err, "SEQ212", "Topic, Other", "--model")
    found = answer(capsys, "summary", "--format", "json", "--model", "Other", "two.seq")
    assert found["model"] == "Other"
    code, _, err = run(capsys, "summary", "--model", "Othr", "two.seq")
    assert code == 1
    one_message(err, "SEQ207", "did you mean `Other`?")


def test_summary_as_text_aligns(capsys: Capture) -> None:
    code, out, _ = run(capsys, "summary", "topic.seq")
    assert code == 0
    assert "164,106 parameters" in out
    assert "[B, T, 64]" in out


# ---- explain and layers


@pytest.mark.parametrize("name", ["SEQ402", "seq402", "missing-axis"])
def test_explain_by_number_and_by_name(name: str, capsys: Capture) -> None:
    code, out, err = run(capsys, "explain", name)
    assert (code, err) == (0, "")
    assert out.startswith("# SEQ402 missing-axis")


def test_explain_what_is_not_there(capsys: Capture) -> None:
    code, out, err = run(capsys, "explain", "misssing-axis")
    assert (code, out) == (2, "")
    one_message(err, "did you mean `missing-axis`?")
    assert len(CATALOGUE) > 50


def test_layers_lists_and_describes(capsys: Capture) -> None:
    code, out, _ = run(capsys, "layers")
    assert code == 0
    assert "bidirectional" in out
    code, out, _ = run(capsys, "layers", "lstm")
    assert code == 0
    assert "recurrent_activation" in out
    code, out, err = run(capsys, "layers", "ltsm")
    assert (code, out) == (2, "")
    one_message(err, "`lstm`")
    names = [word["name"] for word in answer(capsys, "layers", "--format", "json")]
    assert "lstm" in names


# ---- the wrong command line


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("chekc", "topic.seq"),
        ("check",),
        ("check", "--format", "yaml", "topic.seq"),
        ("check", "--set", "units", "topic.seq"),
        ("check", "--set", "=3", "topic.seq"),
        ("compile", "topic.seq"),
        ("compile", "topic.seq", "--backend", "jax", "-o", "out"),
        ("train", "level.seq", "--epochs", "0"),
        ("train", "level.seq", "--epochs", "many"),
        ("train", "level.seq", "--seed", "-1"),
        ("check", "topic.seq", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_wrong_command_line_is_2(arguments: tuple[str, ...], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_version_and_help(capsys: Capture) -> None:
    for arguments in (["--version"], ["--help"], ["train", "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 0
    assert f"seqspec {__version__}" in capsys.readouterr().out


# ---- files that cannot be read


def test_missing_file(capsys: Capture) -> None:
    code, _, err = run(capsys, "check", "nothing.seq")
    assert code == 1
    one_message(err, "SEQ106", "nothing.seq", "no such file")


def test_folder_instead_of_file(capsys: Capture) -> None:
    Path("folder.seq").mkdir()
    code, _, err = run(capsys, "summary", "folder.seq")
    assert code == 1
    one_message(err, "SEQ106", "folder.seq", "is a directory")


def test_not_utf8(capsys: Capture) -> None:
    Path("latin.seq").write_bytes(b"# caf\xe9\n" + TOPIC.encode())
    code, _, err = run(capsys, "check", "latin.seq")
    assert code == 1
    one_message(err, "SEQ106", "not UTF-8", "byte 5")


@pytest.mark.parametrize("content", [b"\0" * 64, b"\x93NUMPY\x01\0v\0{'descr'", b"\xff\xfe\x00"])
def test_binary_files(content: bytes, capsys: Capture) -> None:
    Path("binary.seq").write_bytes(content)
    code, _, err = run(capsys, "check", "binary.seq")
    assert code == 1
    one_message(err)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"], ids=repr)
def test_empty_files(text: str, capsys: Capture) -> None:
    Path("empty.seq").write_text(text)
    code, _, err = run(capsys, "check", "empty.seq")
    assert code == 1
    one_message(err, "SEQ211")


@pytest.mark.parametrize("prefix", ["\ufeff", ""], ids=["BOM", "none"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r\r\n"], ids=["LF", "CRLF", "CRCRLF"])
def test_marks_and_line_breaks(prefix: str, line_break: str, capsys: Capture) -> None:
    text = prefix + TOPIC.replace("\n", line_break)
    Path("odd.seq").write_text(text, encoding="utf-8", newline="")
    assert run(capsys, "check", "odd.seq")[0] == 0


def test_json_of_a_missing_file_is_json(capsys: Capture) -> None:
    found = answer(capsys, "check", "--format", "json", "nothing.seq")
    assert found["ok"] is False
    assert found["diagnostics"][0]["code"] == "SEQ106"


# ---- bugs of ours


def test_a_bug_is_70_and_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("seqspec.cli.check_command.open_spec", broken)
    assert cli.main(["check", "topic.seq"]) == 70
    assert "bug in seqspec" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seqspec.cli.check_command.open_spec", stopped)
    assert cli.main(["check", "topic.seq"]) == 130
    assert "Traceback" not in capsys.readouterr().err


# ---- processes


def test_python_m_seqspec() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seqspec", "check", "topic.seq"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "topic.seq: 1 model, nothing wrong\n")


def test_broken_pipe_is_quiet(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m seqspec layers lstm | true"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_colours_only_where_they_are_wanted(tmp_path: Path) -> None:
    plain = seqspec("check", "wrong.seq", cwd=tmp_path, env={"NO_COLOR": "1"})
    assert "\x1b" not in plain.stderr
    forced = seqspec("check", "wrong.seq", cwd=tmp_path, env={"NO_COLOR": "", "FORCE_COLOR": "1"})
    assert "\x1b[31;1merror" in forced.stderr


def test_time_to_check_sixty_lines(tmp_path: Path, capsys: Capture) -> None:
    body = "".join(
        f"    h{i} = h{i - 1} -> gru({i + 4}, return=sequence) -> dropout(0.1)\n"
        for i in range(1, 41)
    )
    (tmp_path / "tall.seq").write_text(
        LEVEL.replace(
            "    tanks -> lstm(4)", f"    h0 = tanks -> dense(4)\n{body}    h40 -> lstm(4)"
        )
    )
    assert len((tmp_path / "tall.seq").read_text().splitlines()) == 60
    seconds: list[float] = []
    for _ in range(3):
        before = time.perf_counter()
        done = seqspec("check", "tall.seq", cwd=tmp_path)
        seconds.append(time.perf_counter() - before)
        assert done.returncode == 0, done.stderr
    with capsys.disabled():
        print(f"\ncheck of 60 lines, whole process: {min(seconds) * 1000:.0f} ms")
    assert min(seconds) < 2
