"""Padding right, left, in the midst and all over: both programs agree, at padded steps too."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqspec.running.program import Program, framework
from tests.matrix.padding import PADDING
from tests.matrix.trial import attempt, checked

pytestmark = [pytest.mark.torch, pytest.mark.keras]

#: Few, for the fast run: each kind of mask, each of the functions that a program may need.
FAST = {
    "token, concat",
    "token, ave two modules",
    "value, mul two loops",
    "value, joined",
    "lengths, lstm",
    "lengths, called model",
    "token, attending to itself",
    "value, across, multi_head_attention",
    "lengths, across, attention",
}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, id=name, marks=[] if name in FAST else [pytest.mark.slow])
        for name, spec in PADDING.items()
    ],
)
def test_programs_agree(spec: str, tmp_path: Path) -> None:
    attempt(spec, tmp_path, "M")


@pytest.mark.parametrize("steps", ["", ", return=sequence"])
def test_a_sequence_without_a_step_is_refused(steps: str, tmp_path: Path) -> None:
    """Data has none; who calls a model of PyTorch with one is told."""
    text = f"model M(x: float(pad=lengths)[B, T, 2]) {{ x -> gru(3{steps}) }}\n"
    files = checked(text).files("torch")
    (tmp_path / "model.py").write_text(next(f.text for f in files if f.path == "model.py"))
    program = Program(tmp_path, "torch")
    model, torch = program.module("model").build_model(), framework("torch")
    with pytest.raises(ValueError, match="no step that is data"):
        model(torch.zeros(2, 3, 2), torch.tensor([3, 0]))
    program.close()
