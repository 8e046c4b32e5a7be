"""A model of a generated program is saved and loaded by Keras itself, with what it shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.running import twins
from seqspec.running.program import framework
from tests.matrix.trial import checked, task_of

pytestmark = pytest.mark.keras

SPEC = """
model M(text: token(11)[B, T]) -> float[B, T - 1, 11] {
    weight gain: float[4] = ones(), matrix: float[4, 4] = glorot_uniform()
    words = text -> embedding(4)
    h = (words[:, 1:] - words[:, :-1]) * gain -> chain(dense(4, kernel=matrix), 2)
    words[:, 1:] + (1 - h) / 2 -> dense(11, kernel=transpose(words.embeddings))
}
"""


def test_ties_and_operators_survive(tmp_path: Path) -> None:
    compilation = checked(SPEC)
    graph = task_of(compilation).graph
    one = twins.build(graph, compilation.files("keras"), "keras", tmp_path / "keras")
    keras = framework("keras")
    try:
        variables = [v.path for v in one.model.trainable_variables]
        assert len(set(variables)) == len(variables) == 6, "each weight once"
        inputs = np.array([[1, 5, 2, 10, 0]], np.int32)
        for variable in one.model.trainable_variables:
            variable.assign(np.random.default_rng(0).normal(size=variable.shape))
        one.model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert [v.path for v in loaded.trainable_variables] == variables
        np.testing.assert_array_equal(loaded(inputs), one.model(inputs))
        # The loaded layers share as the first did: what changes one use of a weight changes both.
        table = loaded.get_layer("words_embedding").embeddings
        assert loaded.get_layer("dense").layer.embeddings is table
        table.assign(0 * table)
        bias = loaded.get_layer("dense").bias
        np.testing.assert_allclose(loaded(inputs)[0], np.tile(bias, (4, 1)), atol=1e-6)
    finally:
        one.program.close()
        keras.backend.clear_session()
