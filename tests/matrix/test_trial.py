"""The harness itself: programs that are wrong in one place do not get through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqspec.backends.base import OutputFile
from seqspec.driver import Compilation
from tests.matrix.trial import BACKENDS, attempt, checked, drops, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SPEC = "model M(x: float[B, T, 4]) { x -> gru(3, return=sequence) -> batch_norm -> dense(2) }\n"


@pytest.mark.parametrize(
    ("backend", "file", "old", "new", "told"),
    [
        ("torch", "model.py", "return self.dense(x)", "return self.dense(x) + 1e-3", "differ by"),
        ("torch", "model.py", "return self.dense(x)", "return self.dense(x).mT", "inferred are"),
        ("torch", "model.py", "return self.dense(x)", "return self.dense(x.detach())", "gradients"),
        ("torch", "model.py", "nn.GRU(4, 3", "nn.GRU(4, 3, bias=False", "parameters"),
        ("keras", "model.py", "Dense(2", "Dense(2, use_bias=False", "parameters"),
        ("keras", "model.py", "GRU(3", "GRU(3, reset_after=False", "parameters"),
        ("keras", "model.py", "GRU(3", 'GRU(3, activation="softsign"', "differ by"),
        ("keras", "model.py", "Normalization(", "Normalization(epsilon=0.01, ", "differ by"),
        ("keras", "model.py", "Normalization(", "Normalization(trainable=False, ", "parameters"),
    ],
)
def test_wrong_programs_are_caught(
    backend: str,
    file: str,
    old: str,
    new: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Compilation.files

    def wrong(self: Compilation, name: str) -> tuple[OutputFile, ...]:
        files = right(self, name)
        if name != backend:
            return files
        return tuple(
            OutputFile(f.path, f.text.replace(old, new)) if f.path == file else f for f in files
        )

    text = next(f.text for f in Compilation.of_text(SPEC).files(backend) if f.path == file)
    if old not in text:
        pytest.fail(f"`{old}` does not stand in {file} any more:\n{text}")
    monkeypatch.setattr(Compilation, "files", wrong)
    with pytest.raises((AssertionError, ValueError, AttributeError, KeyError), match=told):
        attempt(SPEC, tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_programs_that_forget_to_drop_are_caught(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = "model M(x: float[B, T, 4]) { x -> dense(2) -> dropout(0.5) }\n"
    right = Compilation.files

    def wrong(self: Compilation, name: str) -> tuple[OutputFile, ...]:
        files = right(self, name)
        if name != backend:
            return files
        return tuple(
            OutputFile(f.path, f.text.replace("Dropout(0.5", "Dropout(0.0")) for f in files
        )

    monkeypatch.setattr(Compilation, "files", wrong)
    with pytest.raises(AssertionError, match=f"{backend}: nothing is drawn at random"):
        attempt(spec, tmp_path)


#: text, and whether training draws at random
DROPPING = {
    "dropout(0.5)": True,
    "dropout(0.0)": False,
    "gaussian_noise(0.1)": True,
    "gaussian_noise(0)": False,
    "spatial_dropout(0.2)": True,
    "lstm(2, dropout=0.1)": True,
    "gru(2, recurrent_dropout=0.1)": True,
    "bidirectional(simple_rnn(2, dropout=0.1))": True,
    "bidirectional(lstm(2))": False,
    "multi_head_attention(2, 2, dropout=0.1)": True,
    "each(dropout(0.1))": True,
    "Part": True,
}


@pytest.mark.parametrize("layer", DROPPING)
def test_what_drops_is_told_by_the_spec(layer: str) -> None:
    """Not by trying: with luck, nothing that matters is dropped several times in a row."""
    part = "model Part(x: float[B, T, 4]) { x -> attention(dropout=0.2) }\n"
    text = f"{part}model M(x: float[B, T, 4]) {{ x -> {layer} }}\n"
    assert drops(task_of(checked(text, "M")).graph) is DROPPING[layer]
