"""Fed a step at a time, a model gives what it gives of whole sequences, in both programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.graph import Graph
from seqspec.running import twins
from seqspec.running.program import framework
from tests.matrix.trial import checked, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.slow]

STEPS, LANES = 7, 3

#: model text by name; what is stepped is the input `x`, `stream` may say more
MODELS = {
    "options": """model M(x: float[B, T, 3]) -> float[B, T, 2] {
        x -> lstm(5, return=sequence, activation=relu, recurrent_activation=hard_sigmoid)
          -> gru(4, return=sequence, reset_after=false, use_bias=false)
          -> simple_rnn(4, return=sequence, activation=relu, dropout=0.3, recurrent_dropout=0.2)
          -> gru(4, return=sequence) -> lstm(4, return=sequence, recurrent_dropout=0.3) -> dense(2)
    }""",
    "last": """model M(x: float[B, T, 3]) -> float[B, 2] {
        x -> gru(5, return=sequence) -> lstm(4) -> dense(2, activation=softmax)
    }""",
    "fixed": """model M(x: float[B, 7, 3], day: float[B, 7, 1]) -> float[B, 7, 2] {
        concat(x, day) -> lstm(7, return=sequence) -> dense(2)
    }""",
    "starts": """model M(x: float[B, T, 3], place: float[B, 2]) -> float[B, T, 2] {
        start = place -> dense(5, activation=tanh)
        wide = place -> dense(4) -> repeat(T)
        concat(x, wide) -> lstm(5, initial=[start, start], return=sequence) -> dense(2)
    }""",
    "models": """model M(x: token(9)[B, T], notes: float[B, 4, 3]) -> float[B, T, 2] {
        tower = Tower(width=4)
        h = x -> embedding(4) -> tower
        seen = h -> attention(notes -> gru(4, return=sequence))
        again = h -> tower -> each(Head)
        weight gain: float[4] = ones()
        h + (again + seen) * gain / 2 -> layer_norm -> dense(2)
    }
    model Tower(x: float[B, T, 4], width) -> float[B, T, width] {
        inner = x -> Cell -> lstm(width, return=sequence)
        inner + x
    }
    model Cell(x: float[B, T, 4]) -> float[B, T, 4] { x -> gru(4, return=sequence) -> dropout(0.2) }
    model Head(x: float[B, 4]) -> float[B, 4] { x -> dense(6, activation=relu) -> dense(4) }""",
    "alike": """model M(x: float[B, T, 4]) -> float[B, T, 4] {
        kept = dropout(0.1)
        x -> chain(Lane, 2) -> kept -> gru(4, return=sequence) -> kept -> dropout(0.1) -> dense(4)
    }
    model Lane(x: float[B, T, 4]) -> float[B, T, 4] {
        x -> layer_norm -> gru(4, return=sequence) -> dropout(0.2)
    }""",
    "windows": """model M(x: float[B, T, 4]) -> float[B, T, 2] {
        x -> conv_1d(6, 3, padding=causal, activation=relu) -> chain(Lane, 2)
          -> gru(4, return=sequence) -> conv_1d(4, 1) -> dense(2)
    }
    model Lane(x: float[B, T, 6]) -> float[B, T, 6] {
        code = conv_1d(6, 2, padding=causal, dilation_rate=3, groups=2)
        x + (x -> code -> code)
    }""",
    "window alone": """model M(x: float[B, 7, 3]) -> float[B, 7, 2] {
        x -> conv_1d(2, 4, padding=causal, use_bias=false)
    }""",
    "layers": """model M(x: float[B, T, 4]) -> (y: float[B, T, 2], z: float[B, T, 4]) {
        a = x[:, :, 1:3] -> batch_norm -> simple_rnn(3, return=sequence)
        b = x[..., 0:2] -> gaussian_noise(0.1) -> spatial_dropout(0.1) -> gru(3, return=sequence)
        z = concat(a, b) -> dense(4) -> activation(elu)
        y = maximum(a, b) -> dense(2)
    }
    stream M { output = y }""",
}


class Both:
    """The programs of one spec with the same weights, and their steppers."""

    def __init__(self, text: str, folder: Path) -> None:
        spec = text if "stream" in text else f"{text}\nstream M {{ input = x }}"
        compilation = checked(spec)
        self.graph: Graph = task_of(compilation).graph
        self.programs = [
            twins.build(self.graph, compilation.files(backend), backend, folder / backend)
            for backend in ("torch", "keras")
        ]
        framework("torch").manual_seed(1)
        self.programs[0].model.reset_parameters()
        self.programs[0].save(folder / "weights.safetensors")
        self.programs[1].load(folder / "weights.safetensors")

    def steppers(self) -> list[Any]:
        return [one.program.module("stepper").Stepper(one.model) for one in self.programs]

    def close(self) -> None:
        for one in self.programs:
            one.program.close()
        framework("keras").backend.clear_session()


@pytest.mark.parametrize("name", MODELS)
def test_one_by_one_is_the_whole(name: str, tmp_path: Path) -> None:
    both = Both(MODELS[name], tmp_path)
    sizes = {symbol: {"B": LANES, "T": STEPS}[symbol] for symbol in both.graph.symbols()}
    inputs = twins.random_inputs(both.graph, sizes)
    whole = [twins.forward(one, inputs)[0] for one in both.programs]
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-5)
    stepped = [value.name in ("x", "day") for value in both.graph.inputs]
    moving = [array for array, moves in zip(inputs, stepped, strict=True) if moves]
    fixed = [array for array, moves in zip(inputs, stepped, strict=True) if not moves]
    for stepper in both.steppers():
        stepper.add(*(fixed or [LANES]))
        pieces = [stepper.feed(*(array[:, t : t + 1] for array in moving)) for t in range(STEPS)]
        found = np.concatenate(pieces, axis=1) if whole[0].ndim > 2 else pieces[-1]
        np.testing.assert_allclose(found, whole[0], atol=1e-5)
        stepper.reset()
        pieces = [stepper.feed(*(array[:, a:b] for array in moving)) for a, b in ((0, 3), (3, 7))]
        found = np.concatenate(pieces, axis=1) if whole[0].ndim > 2 else pieces[-1]
        np.testing.assert_allclose(found, whole[0], atol=1e-5)
    both.close()


def test_lanes_come_and_go(tmp_path: Path) -> None:
    both = Both(MODELS["starts"], tmp_path)
    x, place = twins.random_inputs(both.graph, {"B": 4, "T": STEPS})
    whole = twins.forward(both.programs[0], [x, place])[0]
    for stepper, backend in zip(both.steppers(), ("torch", "keras"), strict=True):
        stepper.add(place[:2])
        stepper.feed(x[:2, :3])
        stepper.add(place[2:])  # two more, from their beginning
        found = stepper.feed(x[2:, :3], lanes=[2, 3])
        np.testing.assert_allclose(found, whole[2:, :3], atol=1e-5)
        stepper.reset([1])
        found = stepper.feed(x[[3, 1], :3][:, :2], lanes=[3, 1])
        np.testing.assert_allclose(found[1], whole[1, :2], atol=1e-5)
        stepper.remove([1])
        assert len(stepper) == 3
        stepper.save(tmp_path / f"{backend}.state")
        found = stepper.feed(x[[0, 2], 3:], lanes=[0, 1])
        np.testing.assert_allclose(found, whole[[0, 2], 3:], atol=1e-5)
        # A state belongs to the model, not to a framework.
        for other in both.steppers():
            other.load(tmp_path / f"{backend}.state")
            assert len(other) == 3
            np.testing.assert_allclose(other.feed(x[[0, 2], 3:], lanes=[0, 1]), found, atol=1e-5)
            other.reset([1])
            found_again = other.feed(x[2:3], lanes=[1])
            np.testing.assert_allclose(found_again, whole[2:3], atol=1e-5)
    both.close()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    both = Both(MODELS["starts"], tmp_path)
    stepper = both.steppers()[0]
    stepper.add(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match=r"x has the shape \[2, 1, 1\], not \[2, steps, 3\]"):
        stepper.feed(np.zeros((2, 1, 1), np.float32))
    with pytest.raises(ValueError, match=r"x has the shape \[1, 1, 3\], not \[2, steps, 3\]"):
        stepper.feed(np.zeros((1, 1, 3), np.float32))
    with pytest.raises(ValueError, match="named twice"):
        stepper.feed(np.zeros((2, 1, 3), np.float32), lanes=[1, 1])
    error = both.programs[0].program.module("stepper").StateError
    with pytest.raises(error, match="no file"):
        stepper.load(tmp_path / "nothing")
    with pytest.raises(error, match="the format 'seqspec-weights', not 'seqspec-state'"):
        stepper.load(tmp_path / "weights.safetensors")
    (tmp_path / "cut").write_bytes((tmp_path / "weights.safetensors").read_bytes()[:50])
    with pytest.raises(error, match="is not a state file"):
        stepper.load(tmp_path / "cut")
    both.close()
