"""What names under ``freeze`` mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation

SPEC = """
model Two(x: token(50)[B, T]) -> float[B, 3] {
    a = x -> embedding(8) -> gru(4)
    a_b = x -> embedding(8) -> gru(4)
    concat(a, a_b) -> dense(3)
}
data texts { source = npz("texts.npz"), target = y }
train Two { data = texts, loss = sparse_categorical_crossentropy, freeze = [a] }
"""


def test_a_pipeline_is_not_another_one_that_begins_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("texts.npz", x=np.zeros((40, 6), int), y=np.zeros(40, int))
    task = Compilation.of_text(SPEC).task
    assert task is not None
    assert task.training is not None
    assert [one.path for one in task.training.frozen] == ["a_embedding", "a_gru"]
