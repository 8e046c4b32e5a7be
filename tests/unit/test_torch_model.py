"""What ``model.py`` and ``weights.py`` of the PyTorch backend say. Needs no framework."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation


def program(body: str, head: str = "x: float[B, T, 5]", out: str = "float[B, T, 4]") -> str:
    """``model.py`` of a model with that body."""
    return files(f"model M({head}) -> {out} {{\n{body}\n}}\n")["model.py"]


def files(spec: str) -> dict[str, str]:
    compilation = Compilation.of_text(spec, "some.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return {file.path: file.text for file in get("torch").lower(compilation.task)}


def forward(text: str) -> list[str]:
    """The lines of the last forward pass, without their comments."""
    lines = text.rpartition("    def forward(")[2].splitlines()[1:]
    return [re.sub(r"  #.*", "", line).strip() for line in lines[: lines.index("")]]


def test_what_the_fused_modules_compute_is_left_to_them() -> None:
    for layer, module in (
        ("lstm(4)", "nn.LSTM(5, 4, batch_first=True)"),
        ("gru(4, use_bias=false)", "nn.GRU(5, 4, bias=False, batch_first=True)"),
        (
            "simple_rnn(4, activation=relu)",
            'nn.RNN(5, 4, nonlinearity="relu", batch_first=True)',
        ),
    ):
        assert module in program(f"x -> {layer}", out="float[B, 4]")


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("lstm(4, activation=relu)", "ReluLSTM"),
        ("lstm(4, recurrent_activation=hard_sigmoid)", "HardSigmoidLSTM"),
        ("gru(4, reset_after=false)", "EarlyResetGRU"),
        ("simple_rnn(4, activation=softsign, use_bias=false)", "SoftsignRNNNoBias"),
    ],
)
def test_what_they_do_not_compute_is_a_class_with_its_loop(layer: str, name: str) -> None:
    text = program(f"x -> {layer}", out="float[B, 4]")
    assert f"class {name}(nn.Module):" in text
    assert f"{name}(5, 4)" in text
    assert "state: " not in text, "nobody gives a first state"


def test_the_last_step_both_ways_is_the_last_states() -> None:
    text = program("x -> bidirectional(lstm(2))", out="float[B, 4]")
    assert forward(text) == [
        "_, (h_n, _) = self.bidirectional(x)",
        "return torch.cat([h_n[0], h_n[1]], dim=-1)",
    ]


def test_a_state_is_handed_over_whole() -> None:
    text = program("e = x -> lstm(4)\nx -> lstm(4, initial=e.state, return=sequence)")
    assert forward(text) == [
        "_, e_state = self.e_lstm(x)",
        "x, _ = self.lstm(x, e_state)",
        "return x",
    ]


def test_names_still_needed_are_not_used_again() -> None:
    text = program("a = x -> lstm(4)\nb = x -> gru(4)\nadd(a, b)", out="float[B, 4]")
    assert forward(text) == [
        "_, (h_n, _) = self.a_lstm(x)",
        "a = h_n[-1]",
        "_, h_n = self.b_gru(x)",
        "b = h_n[-1]",
        "return a + b",
    ]


def test_steps_are_folded_into_the_batch_only_where_they_must_be() -> None:
    head = "x: float[B, S, T, 5]"
    text = program("x -> each(lstm(4)) -> each(dense(4))", head, "float[B, S, 4]")
    assert forward(text) == [
        "_, (h_n, _) = self.lstm(x.flatten(0, 1))",
        "x = h_n[-1].unflatten(0, x.shape[:2])",
        "return self.dense(x)",
    ]


def test_one_class_for_models_that_are_the_same() -> None:
    enc = "model Enc(w: float[B, T, F]) -> float[B, 3] {\nw -> lstm(3)\n}\n"
    same = files(
        f"{enc}model M(x: float[B, T, 5], y: float[B, S, 5]) -> float[B, 6] {{\n"
        "a = x -> Enc\nb = y -> Enc\nconcat(a, b)\n}\n"
    )["model.py"]
    assert same.count("class Enc") == 1
    other = files(
        f"{enc}model M(x: float[B, T, 5], y: float[B, S, 2]) -> float[B, 6] {{\n"
        "a = x -> Enc\nb = y -> Enc\nconcat(a, b)\n}\n"
    )["model.py"]
    assert "class Enc(nn.Module)" in other
    assert "class Enc_(nn.Module)" in other


def test_no_name_of_a_spec_replaces_one_of_the_program(tmp_path: Path) -> None:
    body = """
        self = x -> lstm(4, return=sequence)
        torch = self -> dense(4)
        forward = torch -> lstm(4, activation=relu, return=sequence)
        training = forward -> gru(4, return=sequence)
        parameters = training -> dense(4)
        functional = parameters -> dense(4, activation=gelu)
        l = functional -> dense(4)
        print = l -> dense(4, kernel_initializer=he_normal)
        print
    """
    for model in ("torch", "nn", "Tensor", "Path", "WeightsError", "build_model", "SHAPES"):
        spec = f"model {model}(x: float[B, T, 5]) -> float[B, T, 4] {{{body}}}\n"
        folder = tmp_path / model
        folder.mkdir()
        for name, text in files(spec).items():
            ast.parse(text)
            (folder / name).write_text(text)
        rules = ("check", "--isolated", "--line-length=100", "--select=F,I,E,UP,B")
        for command in (rules, ("format", "--isolated", "--check", "--line-length=100")):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "."],
                cwd=folder,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr


HOSTILE = """# \"\"\" + __import__("os").system("true") + \"\"\" {{ 7 * 7 }} {% raw %} \\
model M(x: float[B, T, 5]) -> float[B, 4] {
    x -> lstm(4)  # \"\"\" \\ \u2028 \u202e ''' {# } {
}
"""


def test_comments_of_a_spec_stay_in_the_docstring() -> None:
    text = files(HOSTILE)["model.py"]
    tree = ast.parse(text)
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "__import__" not in calls
    docs = ast.get_docstring(tree) or ""
    assert "{{ 7 * 7 }} {% raw %}" in docs
    assert "\u2028" not in text
    assert "\u202e" not in text


def test_the_file_has_the_names_of_the_graph() -> None:
    spec = (
        "model M(w: token(9)[B, T]) -> float[B, 4] {\n"
        "w -> embedding(3) -> bidirectional(gru(2, return=sequence)) -> batch_norm(scale=false)"
        " -> lstm(4, use_bias=false)\n}\n"
    )
    task = Compilation.of_text(spec).task
    assert task is not None
    text = files(spec)["weights.py"]
    for path, _ in task.graph.all_weights():
        assert f'"{path}"' in text
    assert "zrh(" in text


def test_programs_are_the_same_every_time() -> None:
    assert files(HOSTILE) == files(HOSTILE)
