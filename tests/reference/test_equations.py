"""Both programs against the equations: agreeing with each other is not enough to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from seqspec.running import twins
from seqspec.vocabulary import ENTRIES
from tests.matrix.spec_text import entry_texts
from tests.matrix.trial import Array, built, checked, share, sizes_of, task_of
from tests.reference import equations
from tests.reference.equations import ACTIVATIONS, MERGES

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SIZES = (5, 7, 3, 2)


def run(
    text: str, folder: Path, scale: float = 1.0
) -> tuple[list[Array], Mapping[str, Array], dict[str, list[Array]]]:
    """Inputs, weights by path, and the outputs of both programs."""
    compilation = checked(text)
    task = task_of(compilation)
    weights = twins.random_weights(task.graph, seed=3)
    inputs = twins.random_inputs(task.graph, sizes_of(task.graph, SIZES), seed=4)
    inputs = [a if a.dtype == np.int64 else (scale * a).astype(np.float32) for a in inputs]
    with built(compilation, folder) as models:
        share(models, weights, task, folder)
        return inputs, weights, {name: twins.forward(one, inputs) for name, one in models.items()}


def of(weights: Mapping[str, Array], layer: str) -> dict[str, Array]:
    """The weights below a path, in double precision."""
    start = f"{layer}/"
    return {
        name.removeprefix(start): array.astype(np.float64)
        for name, array in weights.items()
        if name.startswith(start)
    }


def assert_equal(outputs: Mapping[str, Sequence[Array]], expected: Sequence[Array]) -> None:
    for backend, arrays in outputs.items():
        for array, wanted in zip(arrays, expected, strict=True):
            assert array.shape == wanted.shape, backend
            apart = abs(array - wanted).max()
            assert apart <= 1e-5 * max(1.0, abs(wanted).max()), f"{backend}: {apart:.2g}"


RECURRENT: Mapping[str, tuple[str, Callable[..., tuple[Array, tuple[Array, ...]]], str]] = {
    "lstm": ("lstm(4)", equations.lstm, "hc"),
    "lstm with other functions": (
        "lstm(4, activation=softsign, recurrent_activation=hard_sigmoid)",
        partial(
            equations.lstm, activation=ACTIVATIONS["softsign"], gate=ACTIVATIONS["hard_sigmoid"]
        ),
        "hc",
    ),
    "gru": ("gru(4)", equations.gru, "h"),
    "gru, reset before": (
        "gru(4, reset_after=false)",
        partial(equations.gru, reset_after=False),
        "h",
    ),
    "simple_rnn": ("simple_rnn(4)", equations.simple_rnn, "h"),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent(name: str, tmp_path: Path) -> None:
    call, equation, states = RECURRENT[name]
    kind = call.split("(")[0]
    outputs = "".join(f", s{s}: float[B, 4]" for s in states)
    binds = "".join(f"    s{s} = run.state.{s}\n" for s in states)
    starts = "".join(f", i{s}: float[B, 4]" for s in states)
    initial = f"initial=[{', '.join(f'i{s}' for s in states)}]"
    text = (
        f"model M(x: float[B, T, 3]{starts}) "
        f"-> (all: float[B, T, 4], last: float[B, 4]{outputs}) {{\n"
        f"    run = x -> {call[:-1]}, {initial})\n"
        f"    all = run.sequence\n    last = run.last\n{binds}}}\n"
    )
    (x, *start), weights, results = run(text, tmp_path)
    sequence, end = equation(x, of(weights, f"run_{kind}"), tuple(start))
    assert_equal(results, [sequence, sequence[:, -1], *end])


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("name", ["lstm", "gru", "gru, reset before"])
@pytest.mark.slow
def test_both_ways(name: str, merge: str, tmp_path: Path) -> None:
    call, equation, states = RECURRENT[name]
    width = 8 if merge == "concat" else 4
    fields = [f"{d}_{s}" for d in ("forward", "backward") for s in states]
    header = "".join(f", {f}: float[B, 4]" for f in fields)
    binds = "".join(f"    {f} = run.{f.replace('_', '.state.')}\n" for f in fields)
    text = (
        f"model M(x: float[B, T, 3]) "
        f"-> (all: float[B, T, {width}], last: float[B, {width}]{header}) {{\n"
        f"    run = x -> bidirectional({call}, merge_mode={merge})\n"
        f"    all = run.sequence\n    last = run.last\n{binds}}}\n"
    )
    (x,), weights, results = run(text, tmp_path)
    ahead, first = equation(x, of(weights, "run_bidirectional/forward"))
    back, second = equation(x[:, ::-1], of(weights, "run_bidirectional/backward"))
    join = MERGES[merge]
    expected = [join(ahead, back[:, ::-1]), join(ahead[:, -1], back[:, -1]), *first, *second]
    assert_equal(results, expected)


@pytest.mark.parametrize("merge", MERGES)
def test_both_ways_with_a_start(merge: str, tmp_path: Path) -> None:
    text = (
        "model M(x: float[B, T, 3], s0: float[B, 4], s1: float[B, 4], s2: float[B, 4], "
        "s3: float[B, 4]) {\n    x -> bidirectional(lstm(4, return=sequence), "
        f"merge_mode={merge}, initial=[s0, s1, s2, s3])\n}}\n"
    )
    (x, *start), weights, results = run(text, tmp_path)
    ahead, _ = equations.lstm(x, of(weights, "bidirectional/forward"), tuple(start[:2]))
    back, _ = equations.lstm(x[:, ::-1], of(weights, "bidirectional/backward"), tuple(start[2:]))
    assert_equal(results, [MERGES[merge](ahead, back[:, ::-1])])


def test_embedding_dense_and_batch_norm(tmp_path: Path) -> None:
    text = (
        "model M(ids: token(11)[B, T]) -> (e: float[B, T, 4], d: float[B, T, 3], n: float[B, T, 3])"
        " {\n    e = ids -> embedding(4)\n    d = e -> dense(3, activation=tanh)\n"
        "    n = d -> batch_norm(epsilon=0.01)\n}\n"
    )
    (ids,), weights, results = run(text, tmp_path)
    e = equations.embedding(ids, of(weights, "e_embedding"))
    d = equations.dense(e, of(weights, "d_dense"))
    assert_equal(results, [e, d, equations.batch_norm(d, of(weights, "n_batch_norm"), 0.01)])


def test_joining_and_shaping(tmp_path: Path) -> None:
    text = (
        "model M(x: float[B, T, 3], y: float[B, T, 3], v: float[B, 2]) -> (a: float[B, T, 3], "
        "c: float[B, T, 6], t: float[B, 2*T, 3], r: float[B, 4, 2], f: float[B, 3*T]) {\n"
        "    a = add(x, y, x)\n    c = concat(x, y)\n    t = concat(x, y, axis=1)\n"
        "    r = v -> repeat(4)\n    f = x -> flatten\n}\n"
    )
    (x, y, v), _, results = run(text, tmp_path)
    expected = [
        x + y + x,
        np.concatenate([x, y], -1),
        np.concatenate([x, y], 1),
        np.stack([v] * 4, 1),
        x.reshape(x.shape[0], -1),
    ]
    assert_equal(results, expected)


def test_a_part_at_each_step(tmp_path: Path) -> None:
    text = (
        "model M(x: float[B, N, T, 3]) { x -> each(lstm(4)) -> each(dense(2, activation=tanh)) }\n"
    )
    (x,), weights, results = run(text, tmp_path)
    ends = [equations.lstm(x[:, n], of(weights, "lstm"))[0][:, -1] for n in range(x.shape[1])]
    assert_equal(results, [equations.dense(np.stack(ends, 1), of(weights, "dense"))])


def test_every_activation_has_an_equation() -> None:
    texts = {text for entry in ENTRIES["activation"].values() for text in entry_texts(entry)}
    assert texts <= set(ACTIVATIONS)


@pytest.mark.parametrize("scale", [1.0, 6.0], ids=["near zero", "far out"])
def test_activations(scale: float, tmp_path: Path) -> None:
    """All of them in one program: as many outputs as there are functions."""
    names = [f"y{number}" for number in range(len(ACTIVATIONS))]
    header = ", ".join(f"{name}: float[B, 3]" for name in names)
    pairs = zip(names, ACTIVATIONS, strict=True)
    lines = "".join(f"    {name} = x -> activation({text})\n" for name, text in pairs)
    text = f"model M(x: float[B, 3]) -> ({header}) {{\n{lines}}}\n"
    (x,), _, results = run(text, tmp_path, scale)
    expected = [function(x.astype(np.float64)) for function in ACTIVATIONS.values()]
    for name, arrays in zip(
        ACTIVATIONS, zip(*results.values(), expected, strict=True), strict=True
    ):
        for array in arrays[:-1]:
            np.testing.assert_allclose(array, arrays[-1], rtol=2e-5, atol=1e-5, err_msg=name)
