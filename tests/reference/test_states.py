"""First states that are learned, bridged, or another model's, against the equations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.ir.carried import explicit
from seqspec.running import twins
from tests.matrix.trial import attempt, built, checked, share, sizes_of, task_of
from tests.reference import equations
from tests.reference.test_equations import SIZES, assert_equal, of, run

pytestmark = [pytest.mark.torch, pytest.mark.keras]

EXAMPLE = Path(__file__).parents[2] / "examples" / "rows" / "s4_state.seq"

LOOPS = """
model Loops(
    x: float(pad=0)[B, T, 3], start: float[B, 4]
) -> (ahead: float[B, T, 4], both: float[B, 8]) {
    weight h: float[4] = ones(), c: float[4] = ones()
    ahead = x -> lstm(4, recurrent_dropout=0.1, initial=[h, start], return=sequence)
    both = x -> bidirectional(simple_rnn(4), initial=[h, c])
}
"""


def test_learned_bridged_and_handed_on(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    (past, place, future), weights, outputs = run(text, tmp_path)
    samples = len(past)
    read = of(weights, "read")
    start = tuple(np.tile(read[f"{name}/value"], (samples, 1)) for name in "hc")
    _, state = equations.lstm(past, of(weights, "read/seen_lstm"), start)
    going, _ = equations.lstm(future, of(weights, "go/lstm"), state)
    bridge = equations.dense(place, of(weights, "bridge_dense"))
    back = np.tile(of(weights, "back")["value"], (samples, 1))
    there, _ = equations.gru(future, of(weights, "told_bidirectional/forward"), (bridge,))
    again, _ = equations.gru(future[:, ::-1], of(weights, "told_bidirectional/backward"), (back,))
    joined = np.concatenate([going, there, again[:, ::-1]], axis=-1)
    expected = equations.dense(joined, of(weights, "dense"), lambda x: x)
    assert_equal(outputs, [expected])
    rest = np.zeros_like(start[0])
    _, cleared = equations.lstm(past, of(weights, "read/seen_lstm"), (rest, rest))
    assert abs(cleared[0] - state[0]).max() > 1e-2, "the first state does matter"


def test_learned_in_loops_and_over_padding(tmp_path: Path) -> None:
    """Also gradients and a training step, in both programs alike."""
    attempt(LOOPS, tmp_path, "Loops")


def test_a_carried_state_passes_over_padding(tmp_path: Path) -> None:
    """What a batch begins with goes on from the last step of data of each sample."""
    compilation = checked(
        "model Next(x: float(pad=lengths)[B, T, 3]) -> float[B, T, 4] "
        "{ x -> lstm(4, return=sequence, stateful=true) }"
    )
    task = task_of(compilation)
    weights = twins.random_weights(task.graph, seed=3)
    graph = explicit(task.graph)
    inputs = twins.random_inputs(graph, sizes_of(graph, SIZES))
    x, lengths, h, c = inputs
    mask = np.arange(x.shape[1]) < lengths[:, None]
    assert not mask.all()
    steps, state = equations.lstm(x, of(weights, "lstm"), (h, c), mask=mask)
    with built(compilation, tmp_path) as models:
        share(models, weights, task, tmp_path)
        outputs = {name: twins.forward(one, inputs) for name, one in models.items()}
    assert_equal(outputs, [steps, *state])
