"""Carried state against loops written by hand: chunks, policies, gradients, checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.running.program import framework
from tests.matrix.trial import BACKENDS, Array, built, checked, share, task_of
from tests.reference import equations
from tests.reference.test_equations import of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

CHUNK, EPOCHS, RATE, UNITS = 4, 2, 0.1, 3
SERIES = {"a": 11, "b": 17, "c": 9, "e": 24, "d": 1}  # rows; d has no step

INSIDE = """
model Inner(x: float[B, T, 2]) -> float[B, T, 4] {
    x -> lstm(4, return=sequence, stateful=true)
}
model Outer(x: float[B, T, 2]) -> (y: float[B, T, 1], last: float[B, T, 5]) {
    h = x -> Inner -> gru(5, return=sequence, stateful=true)
    r = h -> simple_rnn(5, return=sequence, stateful=true)
    y = r -> dense(1)
    last = r
}
"""

SPEC = """
model Tanks(levels: float[B, T, 2]) -> float[B, T, 2] {{
    levels -> lstm(3, return=sequence, stateful=true) -> dense(2)
}}
data readings {{
    source = csv("tanks.csv", columns=[pressure, heat], series=tank, order=hour)
    split = chronological(train={train}%, validation={validation}%)
    batches = streams(chunk=4)
    target = next_step()
}}
train Tanks {{
    data = readings
    loss = mse
    optimizer = sgd(learning_rate=0.1)
    metrics = [mae]
    epochs = 2
    {size}
    reset = {reset}
}}
"""


def test_chunks_are_one_run_over_the_whole_sequence(tmp_path: Path) -> None:
    compilation = checked(INSIDE, "Outer")
    task = task_of(compilation)
    weights = twins.random_weights(task.graph, seed=3)
    x = np.random.default_rng(5).standard_normal((3, 13, 2), dtype=np.float32)
    with built(compilation, tmp_path) as models:
        share(models, weights, task, tmp_path)
        for one in models.values():
            zero = [np.zeros((3, n), np.float32) for n in (4, 4, 5, 5)]
            whole = twins.forward(one, [x, *zero])
            state, pieces = zero, []
            for start in range(0, 13, 5):  # the last chunk is shorter
                y, last, *state = twins.forward(one, [x[:, start : start + 5], *state])
                pieces.append((y, last))
            for got, wanted in zip(
                map(np.hstack, zip(*pieces, strict=True)), whole[:2], strict=True
            ):
                assert abs(got - wanted).max() < 1e-5, one.backend
            for got, wanted in zip(state, whole[2:], strict=True):
                assert abs(got - wanted).max() < 1e-5, one.backend
            _, after = equations.lstm(x.astype(np.float64), of(weights, "h_inner/lstm"))
            assert abs(after[0] - state[0]).max() < 1e-5 > abs(after[1] - state[1]).max()
            single = twins.forward(one, [x[:1], *(z[:1] for z in zero)])[0]  # another batch size
            assert abs(single - whole[0][:1]).max() < 1e-5


def table(folder: Path) -> dict[str, Array]:
    """Writes the table, and gives each series [rows, 2]."""
    rng = np.random.default_rng(1)
    found = {name: rng.standard_normal((n, 2)).round(3) for name, n in SERIES.items()}
    lines = ["tank,hour,pressure,heat,shift"]
    for name, rows in found.items():
        lines += [f"{name},{at},{p},{h},{'wxyz'[at // 6]}" for at, (p, h) in enumerate(rows)]
    (folder / "tanks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: rows.astype(np.float32) for name, rows in found.items()}


def by_hand(
    series: Mapping[str, Array], weights: Mapping[str, Array], reset: str, size: int
) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]]]:
    """Weights and states after training: a loop over series, steps, borders in plain PyTorch."""
    torch = framework("torch")
    kernel, recurrent, bias, out, shift = (
        torch.tensor(weights[name], requires_grad=True)
        for name in (
            "lstm/kernel",
            "lstm/recurrent_kernel",
            "lstm/bias",
            "dense/kernel",
            "dense/bias",
        )
    )
    trained = [kernel, recurrent, bias, out, shift]
    order = sorted(series, key=lambda name: -len(series[name]))
    state = {name: (torch.zeros(UNITS), torch.zeros(UNITS)) for name in order}
    for epoch in range(EPOCHS):
        for begin in range(0, len(order), size):
            group = order[begin : begin + size]
            for start, end in borders([len(series[name]) - 1 for name in group], reset):
                errors = []
                for name in group:
                    rows = series[name]
                    if start >= len(rows) - 1:
                        continue
                    h, c = state[name]
                    if (start == 0 and (reset != "never" or epoch == 0)) or (
                        reset == "on(shift)" and start % 6 == 0
                    ):
                        h, c = torch.zeros(UNITS), torch.zeros(UNITS)
                    for t in range(start, end):
                        gates = torch.tensor(rows[t]) @ kernel + h @ recurrent + bias
                        i, f, g, o = gates.chunk(4)
                        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                        h = torch.sigmoid(o) * torch.tanh(c)
                        errors.append(h @ out + shift - torch.tensor(rows[t + 1]))
                    state[name] = (h.detach(), c.detach())
                loss = torch.stack(errors).square().mean()
                for weight, gradient in zip(
                    trained, torch.autograd.grad(loss, trained), strict=True
                ):
                    weight.data -= RATE * gradient
    names = ("lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/kernel", "dense/bias")
    after = {name: weight.detach().numpy() for name, weight in zip(names, trained, strict=True)}
    return after, {name: (h.numpy(), c.numpy()) for name, (h, c) in state.items()}


def borders(lengths: list[int], reset: str) -> Iterator[tuple[int, int]]:
    """Where batches end: at each fourth step, where a series does, where the shift changes."""
    last = max(lengths)
    places = {*range(0, last, CHUNK), *lengths}
    if reset == "on(shift)":
        places |= {*range(0, last, 6)}
    yield from pairwise(sorted(places))


@pytest.mark.parametrize(
    ("reset", "size", "validation"),
    [("epoch", 0, 0), ("sequence", 3, 0), ("never", 3, 20), ("on(shift)", 0, 20)],
)
def test_training_is_that_of_a_loop_by_hand(
    tmp_path: Path, reset: str, size: int, validation: int
) -> None:
    """Also with validation between the epochs, which leaves the state of the training alone."""
    series = table(tmp_path)
    lanes = f"batch_size = {size}" if size else ""
    text = SPEC.format(train=80, validation=validation, size=lanes, reset=reset)
    (tmp_path / "tanks.seq").write_text(text, encoding="utf-8")
    trained, states = trainings(tmp_path)
    parts = {name: rows[: round(len(rows) * 0.8)] for name, rows in series.items()}
    parts = {name: rows for name, rows in parts.items() if len(rows) > 1}
    wanted, after = by_hand(parts, START, reset, size or len(parts))
    for backend in BACKENDS:
        for name, array in wanted.items():
            assert abs(trained[backend][name] - array).max() < 1e-5, (backend, name)
        assert states[backend] == sorted(parts, key=lambda name: -len(parts[name]))
        for lane, name in enumerate(states[backend]):
            for part, array in zip("hc", after[name], strict=True):
                kept = trained[backend][f"state/lstm/{part}"][lane]
                assert abs(kept - array).max() < 1e-5, (backend, name, part)


def _start() -> dict[str, Array]:
    rng = np.random.default_rng(2)
    shapes = {
        "lstm/kernel": (2, 12),
        "lstm/recurrent_kernel": (3, 12),
        "lstm/bias": (12,),
        "dense/kernel": (3, 2),
        "dense/bias": (2,),
    }
    return {n: (rng.standard_normal(s) * 0.5).astype(np.float32) for n, s in shapes.items()}


START = _start()


def trainings(folder: Path) -> tuple[dict[str, Mapping[str, Array]], dict[str, list[str]]]:
    """Trains with both programs from the same weights: what they keep, and whose the lanes are."""
    compilation = Compilation.of(folder / "tanks.seq")
    task = compilation.task
    assert task is not None, [d.message for d in compilation.diagnostics]
    kept: dict[str, Mapping[str, Array]] = {}
    lanes: dict[str, list[str]] = {}
    records: dict[str, list[dict[str, Any]]] = {}
    with built(compilation, folder) as models:
        share(models, START, task, folder)
        for backend, one in models.items():
            dataset = one.program.module("data").load(folder / "tanks.csv")
            run = folder / f"run-{backend}"
            one.program.module("train").fit(one.model, dataset, run, report=lambda record: None)
            kept[backend] = twins.read_weights(run / "last.safetensors")
            lanes[backend] = list(dataset.train.stream.names)
            lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
            records[backend] = [json.loads(line) for line in lines]
    for ours, theirs in zip(*records.values(), strict=True):
        for name in ours.keys() - {"seconds"}:
            assert ours[name] == pytest.approx(theirs[name], abs=1e-5), name
    return kept, lanes
