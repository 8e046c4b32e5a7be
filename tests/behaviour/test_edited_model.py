"""A program whose model was edited, so that what was trained before no longer fits it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import load

SPEC = """
model Two(x: float[B, T, 3]) -> float[B, 4] { x -> gru(6) -> dense(4) }
data d { source = npz("d.npz"), split = random(train=70%, validation=0%, seed=1), target = y }
train Two {
    data = d, loss = sparse_categorical_crossentropy, optimizer = sgd(0.1, momentum=0.9)
    batch_size = 32, epochs = 1
}
"""
WIDER = {
    "torch": [("nn.GRU(3, 6", "nn.GRU(3, 7"), ("Linear(6", "Linear(7")],
    "keras": [("GRU(6", "GRU(7")],
}
DEEPER = {
    "torch": [
        (
            "self.reset_parameters()\n",
            "self.more = nn.Linear(4, 4)\n        self.reset_parameters()\n",
        )
    ],
    "keras": [
        (
            "    return keras.Model(",
            "    logits = layers.Dense(4, name='more')(logits)\n    return keras.Model(",
        )
    ],
}


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("keras", marks=pytest.mark.keras),
    ],
)
def test_the_weight_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    backend: str,
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5, 3)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=x, y=rng.integers(0, 4, size=40))
    (tmp_path / "two.seq").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / backend
    folder.mkdir()
    for file in Compilation.of(tmp_path / "two.seq").files(backend):
        (folder / file.path).write_text(file.text, encoding="utf-8")

    def main(*arguments: str) -> str:
        """The message of a command that is refused, nothing else said."""
        program = load(folder, backend)
        capsys.readouterr()
        code = program.module("run").main(list(arguments))
        program.close()
        message = capsys.readouterr().err
        assert code == (1 if message else 0)
        assert message.count("\n") <= 1
        return message

    assert not main("train", "--run", "run")
    whole = (folder / "model.py").read_text(encoding="utf-8")
    weights = ["--weights", "run/best.safetensors"]
    for name, edits in (("wider", WIDER[backend]), ("deeper", DEEPER[backend])):
        text = whole
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "model.py").write_text(text, encoding="utf-8")
        resumed = main("train", "--resume", "run", "--epochs", "2")
        if name == "wider":
            for command in ("evaluate", "predict"):
                said = main(command, *weights)
                assert "'gru/kernel' has the shape [3, 18], the model needs [3, 21]" in said
            assert "with the shape [" in resumed
            assert "the model needs [" in resumed
            assert "21" in resumed
        elif backend == "torch":
            assert "the checkpoint has no 'model/more.weight'" in resumed
        else:
            # What `weights.py` does not list is not in checkpoints; its slots are missed.
            assert "the checkpoint has no 'optimizer/" in resumed
    (folder / "model.py").write_text(whole, encoding="utf-8")
    assert not main("train", "--resume", "run", "--epochs", "2")
