"""What ``model.py`` and ``weights.py`` of the PyTorch backend say. Needs no framework."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation, Options


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
    assert other.count("class Enc") == 1
    assert other.count("= Enc(5)\n") == other.count("= Enc(2)\n") == 1


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
    assert "swap_gates(" in text


def test_each_kind_of_layer_has_one_function_for_its_first_weights() -> None:
    text = program(
        "x -> bidirectional(lstm(3, return=sequence)) -> lstm(7, return=sequence) "
        "-> lstm(4, kernel_initializer=he_uniform, return=sequence)"
    )
    assert text.count("def initialise_lstm(lstm: nn.LSTM)") == 1
    assert "initialise_lstm(self.bidirectional)" in text
    assert "initialise_lstm(self.lstm)" in text
    assert "def initialise_lstm_1(lstm: nn.LSTM)" in text
    assert "nn.init.ones_(weight[units : 2 * units])" in text


def test_the_state_of_gates_is_copied_and_all_else_is_a_view() -> None:
    head = "model M(x: float[B, T, 5]) -> float[B, 4] {\n"
    plain = files(f"{head}x -> lstm(4)\n}}\n")["weights.py"]
    assert "def views(" in plain
    assert "swap_gates" not in plain
    gru = files(f"{head}x -> gru(4)\n}}\n")["weights.py"]
    assert 'state["gru.weight_ih_l0"].copy_(swap_gates(arrays["gru/kernel"]).T)' in gru
    early = files(f"{head}x -> gru(4, activation=relu)\n}}\n")["weights.py"]
    assert "torch.stack(" in early
    assert "swap_gates" not in early


HEAD_MODEL = """
model Head(step: float[B, 5]) -> float[B, 4] {{
    {body}
}}
model M(x: float[B, T, 5]) -> float[B, T, 4] {{
    x -> each(Head)
}}
"""


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("step -> dense(8, activation=relu) -> dropout(0.1) -> dense(4) -> softmax", True),
        ("concat(step, step) -> dense(4)", True),
        ("concat(step, step, axis=1) -> dense(4)", False),
        ("step -> batch_norm -> dense(4)", False),
        ("step -> repeat(3) -> lstm(4)", False),
    ],
)
def test_a_model_on_last_axes_takes_all_steps_as_they_are(body: str, plain: bool) -> None:
    compilation = Compilation.of_text(HEAD_MODEL.format(body=body), "some.seq", Options(model="M"))
    text = {file.path: file.text for file in compilation.files("torch")}["model.py"]
    applied = "self.head(x)" if plain else "self.head(x.flatten(0, 1)).unflatten(0, x.shape[:2])"
    assert forward(text) == [f"return {applied}"]
    assert f'"""step [{"B, T" if plain else "B*T"}, 5] -> ' in text


def test_the_outputs_of_a_model_applied_to_every_step() -> None:
    spec = """
    model Two(x: float[B, 5]) -> (low: float[B, 1], high: float[B, 3]) {
        low = x -> dense(1)
        high = x -> batch_norm -> dense(3)
    }
    model M(f: float[B, T, 5]) -> (low: float[B, T, 1], high: float[B, T, 3]) {
        low, high = f -> each(Two)
    }
    """
    compilation = Compilation.of_text(spec, "some.seq", Options(model="M"))
    text = {file.path: file.text for file in compilation.files("torch")}["model.py"]
    assert forward(text)[0] == "from_two = self.two(f.flatten(0, 1))"
    assert "low = from_two.low.unflatten(0, f.shape[:2])" in forward(text)


def test_a_size_known_only_from_a_calculated_axis() -> None:
    head = "x: float[B, 3*T-1, 2], y: float[B, 4]"
    text = program("z = x -> lstm(4)\nadd(y, z) -> repeat(T)", head, "float[B, T, 4]")
    assert "expand(-1, (x.shape[1] + 1) // 3, -1)" in text


def test_programs_are_the_same_every_time() -> None:
    assert files(HOSTILE) == files(HOSTILE)
