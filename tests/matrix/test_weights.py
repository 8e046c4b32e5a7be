"""What samples, steps and classes weigh in a loss: as Keras has it, and the same in both loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import framework
from seqspec.types import Role
from seqspec.vocabulary import ENTRIES
from tests.matrix.test_training import (
    CLASSES,
    ENDS,
    RATES,
    assert_same,
    eagerly,
    fit_both,
    of_epochs,
    targets,
)
from tests.matrix.trial import built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]
__all__ = ["eagerly"]
SAMPLES, STEPS = 30, 4


def write(
    folder: Path, loss: str, end: str, *, steps: bool, weights: str = "", width: int = CLASSES
) -> Compilation:
    """A spec whose data has weights for samples, ``each``, and for steps, ``all``."""
    rng = np.random.default_rng(5)
    shape = (SAMPLES, STEPS) if steps else (SAMPLES,)
    y = targets(loss, (*shape, width), rng)
    if "ignore_class=-1" in weights:
        y[rng.random(y.shape) < 0.4] = -1
    np.savez(
        folder / "data.npz",
        x=rng.standard_normal((*shape, 5)).astype(np.float32),
        y=y,
        each=rng.integers(0, 4, SAMPLES) / 2,
        all=rng.integers(0, 4, shape),
    )
    kind = ENTRIES["loss"][loss].facts["target"]
    metrics = of_epochs(kind)
    spec = folder / "case.seq"
    spec.write_text(
        f"model M(x: float[{'B, T, 5' if steps else 'B, 5'}]) {{ x -> {end} }}\n"
        'data d {\n    source = npz("data.npz")\n    target = y\n'
        "    split = random(train=60%, validation=20%)\n}\n"
        f"train M {{\n    data = d\n    batch_size = 8\n    loss = {loss}({weights})\n"
        f"    metrics = [{', '.join(metrics)}]\n"
        f"    optimizer = sgd(learning_rate={RATES.get(loss, 0.1)})\n}}\n"
    )
    return Compilation.of(spec)


#: A loss for each kind of target; ``test_measures`` has all of them, here records are compared.
LOSSES = {entry.facts["target"]: name for name, entry in reversed(ENTRIES["loss"].items())}


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "column"), [(False, "each"), (True, "each"), (True, "all")])
@pytest.mark.parametrize("loss", LOSSES.values())
def test_sample_weights(loss: str, steps: bool, column: str, tmp_path: Path) -> None:
    end = ENDS[Role.PLAIN]
    compilation = write(tmp_path, loss, end, steps=steps, weights=f"sample_weight={column}")
    records, _ = fit_both(compilation, tmp_path, 2)
    assert_same(records, 1e-5)
    plain = tmp_path / "plain"
    plain.mkdir()
    without, _ = fit_both(write(plain, loss, end, steps=steps), plain, 1)
    assert without["torch"][0]["loss"] != pytest.approx(records["torch"][0]["loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("loss", "weights", "width"),
    [
        ("sparse_categorical_crossentropy", "class_weight=[1, 3, 0.5]", 3),
        ("categorical_crossentropy", "class_weight=[1, 3, 0.5], sample_weight=each", 3),
        ("binary_crossentropy", "class_weight=[1, 4]", 1),
        ("sparse_categorical_crossentropy", "ignore_class=-1, class_weight=balanced", 3),
        ("sparse_categorical_crossentropy", "ignore_class=-1, sample_weight=all", 3),
    ],
)
@pytest.mark.parametrize(
    "steps", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["one", "per step"]
)
def test_class_weights(loss: str, weights: str, width: int, steps: bool, tmp_path: Path) -> None:
    end = f"dense({width})"
    compilation = write(tmp_path, loss, end, steps=steps, weights=weights, width=width)
    records, _ = fit_both(compilation, tmp_path, 2)
    assert_same(records, 1e-5)
    assert records["torch"][1]["loss"] < records["torch"][0]["loss"]


def test_class_weights_are_those_of_keras(tmp_path: Path) -> None:
    """What ``fit(class_weight=)`` does where it is right: one target for each sample."""
    keras = framework("keras")
    loss, weights = "sparse_categorical_crossentropy", (1.0, 3.0, 0.5)
    compilation = write(tmp_path, loss, "dense(3)", steps=False, weights="class_weight=[1, 3, 0.5]")
    records, _ = fit_both(compilation, tmp_path, 1)
    task = task_of(compilation)
    with built(compilation, tmp_path) as models:
        share(models, random_weights(task.graph, 1.0), task, tmp_path)
        one = models["keras"]
        part = one.program.module("data").load(tmp_path / "data.npz").train
        order = np.random.default_rng([0, 1]).permutation(len(part))
        one.model.compile(
            optimizer=keras.optimizers.SGD(learning_rate=0.1),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        history = one.model.fit(
            part.inputs[0][order],
            part.target[order],
            batch_size=8,
            class_weight=dict(enumerate(weights)),
            shuffle=False,
            verbose=0,
        )
    assert records["torch"][0]["loss"] == pytest.approx(history.history["loss"][0], rel=1e-5)


TAGGER = """
model M(x: {type}) {{ x -> {body} }}
data d {{
    source = {source}
    target = y
    split = random(train=60%, validation=20%)
    {more}
}}
train M {{
    data = d
    batch_size = 5
    loss = {loss}({weights})
    metrics = [{metric}]
    optimizer = sgd(learning_rate=0.1)
}}
"""


def lengths() -> np.ndarray:
    return np.random.default_rng(3).integers(1, STEPS + 3, SAMPLES)


@pytest.mark.parametrize(
    ("loss", "weights", "width"),
    [
        ("sparse_categorical_crossentropy", "class_weight=[1, 3, 0.5]", 3),
        ("sparse_categorical_crossentropy", "class_weight=balanced, sample_weight=each", 3),
        pytest.param("binary_crossentropy", "class_weight=[1, 4]", 1, marks=pytest.mark.slow),
        pytest.param("mse", "sample_weight=each", 2, marks=pytest.mark.slow),
        pytest.param(
            "categorical_crossentropy", "class_weight=[1, 3, 0.5]", 3, marks=pytest.mark.slow
        ),
        pytest.param(
            "sparse_categorical_crossentropy",
            "ignore_class=-1, class_weight=balanced",
            3,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_classes_of_ragged_steps(loss: str, weights: str, width: int, tmp_path: Path) -> None:
    rng, counted = np.random.default_rng(5), lengths()
    y = targets(loss, (counted.sum(), width), rng)
    if "ignore_class=-1" in weights:
        y[rng.random(y.shape) < 0.4] = -1
    np.savez(
        tmp_path / "data.npz",
        x=rng.standard_normal((counted.sum(), 5)).astype(np.float32),
        y=y,
        each=rng.integers(0, 4, SAMPLES) / 2,
        n=counted,
    )
    given = {"type": "float(pad=lengths)[B, T, 5]", "source": 'npz("data.npz", lengths=n)'}
    given |= {"loss": loss, "weights": weights, "more": "", "body": f"dense({width})"}
    compare(tmp_path, given)


@pytest.mark.parametrize(
    ("weights", "steps"),
    [
        ("class_weight=balanced, sample_weight=each", True),
        ("class_weight=[1, 3, 0.5]", True),
        ("sample_weight=each", True),
        ("class_weight=balanced, sample_weight=each", False),
    ],
)
@pytest.mark.slow
def test_texts_weigh(weights: str, steps: bool, tmp_path: Path) -> None:
    rng, lines = np.random.default_rng(5), list[str]()
    for length in lengths():
        words = " ".join(rng.choice(["a", "b", "c", "d"], length))
        tags = " ".join(rng.choice(["x", "y", "z"], length if steps else 1))
        lines.append(f"{words}\t{tags}\t{rng.integers(0, 4) / 2}\n")
    (tmp_path / "data.npz").write_text("".join(lines))  # where programs are made to look
    body = f"embedding(4) -> gru(4{', return=sequence' if steps else ''}) -> dense(3)"
    given = {"type": "token(6, pad=0)[B, T]", "source": 'tsv("data.npz", columns=[x, y, each])'}
    given |= {"loss": "sparse_categorical_crossentropy", "weights": weights, "body": body}
    compare(tmp_path, given | {"more": "tokens = words()"})


def compare(folder: Path, given: dict[str, str]) -> None:
    """Trains both programs, which agree, and differ from those without weights.

    Their batches are padded to different lengths, which their records must not show.
    """
    given = {"metric": "mae" if given["loss"] == "mse" else "accuracy"} | given
    records = {}
    for name, weights in (("weighed", given["weights"]), ("plain", "")):
        ignored = "ignore_class=-1" if "ignore" in given["weights"] and not weights else weights
        run = folder / name
        run.mkdir()
        (run / "data.npz").write_bytes((folder / "data.npz").read_bytes())
        (run / "m.seq").write_text(TAGGER.format(**given | {"weights": ignored}))
        records[name], _ = fit_both(Compilation.of(run / "m.seq"), run, 2)
        assert_same(records[name], 1e-5)
    losses = [found["torch"][0]["loss"] for found in records.values()]
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)
