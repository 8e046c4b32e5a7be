"""Augmented training samples: what is changed, what never is, and the same in both programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.running.program import load
from tests.behaviour.data_tasks import loaded
from tests.behaviour.test_data_program import clean

SAMPLES = """
model Beats(x: float[B, 12, 2], age: float[B, 1]) -> float[B, 12, 3] {
    context = age -> dense(4)
    h = x -> gru(4, return=sequence)
    concat(h, context -> repeat(12)) -> dense(3)
}
data d {
    source = npz("d.npz")
    scale = standard()
    target = y
    augment = AUGMENT
}
train Beats {
    data = d, loss = sparse_categorical_crossentropy(sample_weight=w), batch_size = 8
}
"""
LENGTHS = """
model Two(x: float(pad=lengths)[B, T, 3], z: float(pad=0)[B, T, 2]) -> float[B, 4] {
    concat(x, z) -> gru(6) -> dense(4)
}
data d {
    source = npz("d.npz", lengths=lengths)
    target = kind
    batches = bucketed(pool=2)
    augment = jitter(stddev=0.1)
}
train Two {
    data = d, loss = sparse_categorical_crossentropy, batch_size = 4
}
"""
TWO = """
model Two(x: float[B, 5, 2], day: float[B, 2, 1], place: float[B, 1])
    -> (low: float[B, 2], high: float[B, 2]) {
    h = concat(x -> gru(4), day -> flatten, place)
    low = h -> dense(2)
    high = h -> dense(2)
}
data d {
    source = csv("d.csv", series=s, order=t)
    inputs = feed(x=[low, high], day=ahead([day]), place=[lat])
    windows = sliding(steps=5, horizon=2)
    augment = [jitter(stddev=0.5)]
}
train Two {
    data = d, loss = mse(low) + 0.5 * mse(high), shuffle = false
}
"""


def write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    lengths = np.where(np.arange(60) % 3, rng.integers(2, 9, 60), 5)
    flat = rng.normal(size=(lengths.sum(), 3)).astype(np.float32)
    x = np.cumsum(np.ones((60, 12, 2)), axis=1) + rng.normal(size=(60, 1, 1))
    arrays: dict[str, dict[str, Any]] = {
        "samples": {
            "x": x, "age": rng.normal(size=(60, 1)), "y": np.tile(np.arange(12) % 3, (60, 1)),
            "w": np.tile(np.arange(12.0), (60, 1)),
        },
        "lengths": {
            "x": flat, "z": flat[:, :2] + 2, "lengths": lengths, "kind": rng.integers(0, 4, 60),
        },
    }  # fmt: skip
    for name, given in arrays.items():
        np.savez(folder / f"{name}.npz", **given)
    rows = [f"{s},{t},{t + s},{t % 7},{t % 2},{s}" for s in range(2) for t in range(80)]
    (folder / "two.csv").write_text("\n".join(["s,t,low,high,day,lat", *rows]) + "\n")


def compiled(folder: Path, spec: str, name: str) -> Any:
    write(folder)
    suffix = "csv" if name == "two" else "npz"
    (folder / "spec.seq").write_text(spec.replace(f"d.{suffix}", f"{name}.{suffix}"))
    compilation = Compilation.of(folder / "spec.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return compilation.task


def data_of(folder: Path, spec: str, name: str) -> Any:
    task = compiled(folder, spec, name)
    (file,) = (f for f in get("torch").lower(task) if f.path == "data.py")
    (folder / "data.py").write_text(file.text)
    return loaded(folder / "data.py")


def samples(augment: str) -> str:
    return SAMPLES.replace("AUGMENT", augment)


def test_noise_is_of_the_deviation_that_is_asked_for(tmp_path: Path) -> None:
    data = data_of(tmp_path, samples("[jitter(stddev=0.5)]"), "samples")
    part = data.load(tmp_path / "samples.npz").train
    plain = [batch for _ in range(60) for batch in data.batches(part, 60)]
    drawn = [b for epoch in range(60) for b in data.batches(part, 60, np.random.default_rng(epoch))]
    order = [np.random.default_rng(epoch).permutation(len(part)) for epoch in range(60)]
    noise = np.concatenate(
        [d[0][0] - p[0][0][o] for d, p, o in zip(drawn, plain, order, strict=True)]
    )
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert drawn[0][0][0].dtype == np.float32
    assert len({float(d[0][0].sum()) for d in drawn}) == 60  # other noise in each epoch
    for d, p, o in zip(drawn, plain, order, strict=True):
        assert not np.array_equal(d[0][1], p[0][1][o])  # a feature without a time axis is measured
        for kept, given in zip(d[1:], p[1:], strict=True):  # targets and weights are not
            np.testing.assert_array_equal(kept, given[o])


def test_steps_move_with_their_targets_and_weights(tmp_path: Path) -> None:
    data = data_of(tmp_path, samples("[time_shift(steps=3)]"), "samples")
    dataset = data.load(tmp_path / "samples.npz")
    ((x, age), y, w), = data.batches(dataset.train, 60)  # fmt: skip
    rng = np.random.default_rng(5)
    order = np.random.default_rng(5).permutation(len(x))
    ((moved, same, ), targets, weights), = data.batches(dataset.train, 60, rng)  # fmt: skip
    np.testing.assert_array_equal(same, age[order])
    found = set[int]()
    for at, source in enumerate(order):
        shift = int((weights[at][6] - w[source][6]) * -1)
        found.add(shift)
        steps = np.clip(np.arange(12) - shift, 0, 11)
        np.testing.assert_array_equal(moved[at], x[source][steps])
        np.testing.assert_array_equal(targets[at], y[source][steps])
        np.testing.assert_array_equal(weights[at], w[source][steps])
    assert found == {-3, -2, -1, 0, 1, 2, 3}


def test_padding_stays(tmp_path: Path) -> None:
    data = data_of(tmp_path, LENGTHS, "lengths")
    part = data.load(tmp_path / "lengths.npz").train
    changed = 0
    for batch in data.batches(part, 4, np.random.default_rng(0)):
        x, lengths, z = batch[0]
        for row, length in enumerate(lengths):
            assert not x[row, length:].any()
            assert not z[row, length:].any()
            changed += int(length < x.shape[1])
    assert changed > 5


def test_what_is_known_stays_and_so_does_the_order(tmp_path: Path) -> None:
    data = data_of(tmp_path, TWO, "two")
    part = data.load(tmp_path / "two.csv").train
    (plain,) = data.batches(part, 500)
    (drawn,) = data.batches(part, 500, np.random.default_rng(1))
    assert np.abs(drawn[0][0] - plain[0][0]).min() > 0
    for kept, given in zip((*drawn[0][1:], *drawn[1]), (*plain[0][1:], *plain[1]), strict=True):
        np.testing.assert_array_equal(kept, given)


CASES = {
    "samples": samples("[time_shift(steps=2), jitter(stddev=0.1)]"),
    "lengths": LENGTHS,
    "two": TWO,
}


@pytest.mark.parametrize("name", list(CASES))
def test_programs_are_formatted_and_clean(name: str, tmp_path: Path) -> None:
    clean(tmp_path, compiled(tmp_path, CASES[name], name))


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.keras
@pytest.mark.parametrize("name", list(CASES))
def test_both_programs_draw_the_same(name: str, tmp_path: Path) -> None:
    task = compiled(tmp_path, CASES[name], name)
    path = tmp_path / f"{name}.{'csv' if name == 'two' else 'npz'}"
    programs: dict[str, Any] = {}
    for backend in ("torch", "keras"):
        (tmp_path / backend).mkdir()
        for file in get(backend).lower(task):
            (tmp_path / backend / file.path).write_text(file.text)
        programs[backend] = load(tmp_path / backend, backend)
    keras, torch = (programs[name].module("train") for name in ("keras", "torch"))
    dataset = programs["keras"].module("data").load(path)
    drawn, untouched = keras.Batches(dataset.train, 7), keras.Batches(dataset.validation)
    other = torch.batches(dataset.validation, keras.BATCH_SIZE)
    same(untouched, list(other))
    train = programs["torch"].module("data").load(path).train
    for epoch in (1, 2):
        drawn.on_epoch_begin()
        rng = np.random.default_rng([7, epoch])
        same(drawn, list(torch.batches(train, keras.BATCH_SIZE, rng)))
    for backend, program in programs.items():
        model = program.module("model").build_model()
        given = program.module("data").load(path)
        record = program.module("train").fit(model, given, tmp_path / f"run-{backend}", epochs=2)
        assert np.isfinite(record["loss"])
        program.close()


def same(drawn: Any, batches: Any) -> None:
    assert len(batches) == len(drawn)
    for index, given in enumerate(batches):
        for _ in range(2):  # asked for again, it is the same
            flat: list[Any] = []
            for part in drawn[index]:
                values = part.values() if isinstance(part, dict) else part
                flat += list(values) if isinstance(part, dict | tuple) else [part]
            ours = [a for p in given for a in (p if isinstance(p, tuple) else (p,))]
            for left, right in zip(flat, ours, strict=True):
                np.testing.assert_array_equal(left, right)
