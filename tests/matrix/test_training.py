"""Losses, optimisers, clipping and metrics: both generated loops give the same numbers.

From the same weights, on the same batches. Keras's functions run eagerly here: these are a few
steps each, and what is compared are formulas; ``fit`` as users get it is run by the examples.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation, Options
from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.types import Role
from seqspec.vocabulary import ENTRIES
from tests.matrix.losses import EQUATIONS, SQUASH, softmax
from tests.matrix.pairwise import cover
from tests.matrix.spec_text import another
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SAMPLES, STEPS, CLASSES = 30, 4, 3

#: How an output comes to play a role.
ENDS = {
    Role.PLAIN: "dense(3)",
    Role.PROBABILITY: "dense(3, activation=sigmoid)",
    Role.PROBABILITIES: "dense(3, activation=softmax)",
    Role.MIXED: "dense(3, activation=softmax) -> Half",  # an operator leaves no role
}
HALF = "model Half(p: float[{axes}]) {{ p * 0.5 }}\n"


@pytest.fixture(autouse=True)
def eagerly() -> Iterator[None]:
    tf = framework("tensorflow")
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def targets(loss: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Targets that a loss compares with, for outputs of a shape."""
    kind = ENTRIES["loss"][loss].facts["target"]
    if loss in ("poisson", "mape", "msle"):
        return rng.integers(1, 6, shape).astype(np.float32)
    if loss == "kl_divergence":
        return softmax(rng.standard_normal(shape)).astype(np.float32)
    if kind == "same":
        return rng.standard_normal(shape).astype(np.float32)
    if kind == "binary":
        return rng.integers(0, 2, shape).astype(np.float32)
    ids = rng.integers(0, shape[-1], shape[:-1])
    return ids if kind == "class_ids" else np.eye(shape[-1], dtype=np.float32)[ids]


def write_spec(folder: Path, body: str, settings: str, steps: bool, loss: str) -> Compilation:
    """A spec next to its data."""
    rng = np.random.default_rng(5)
    shape = (SAMPLES, STEPS) if steps else (SAMPLES,)
    np.savez(
        folder / "data.npz",
        x=rng.standard_normal((*shape, 5)).astype(np.float32),
        y=targets(loss, (*shape, CLASSES), rng),
    )
    axes = "B, T, 5" if steps else "B, 5"
    spec = folder / "case.seq"
    half = HALF.format(axes=axes.replace("5", "3")) if "Half" in body else ""
    spec.write_text(
        f"{half}model M(x: float[{axes}]) {{ x -> {body} }}\n"
        'data d {\n    source = npz("data.npz")\n    target = y\n'
        "    split = random(train=60%, validation=20%)\n}\n"
        f"train M {{\n    data = d\n    batch_size = 8\n{settings}}}\n"
    )
    compilation = Compilation.of(spec, Options(model="M"))
    errors = [d for d in compilation.check() if d.severity.value == "error"]
    assert not errors, (spec.read_text(), errors)
    return compilation


def fit_both(
    compilation: Compilation, folder: Path, epochs: int
) -> tuple[dict[str, list[dict[str, float]]], dict[str, tuple[Array, Array]]]:
    """The records of each epoch, and predictions on the validation part with their targets.

    Both start from the same weights; predictions are made before training.
    """
    task = task_of(compilation)
    records: dict[str, list[dict[str, float]]] = {}
    predictions: dict[str, tuple[Array, Array]] = {}
    with built(compilation, folder) as models:
        share(models, random_weights(task.graph, 1.0), task, folder)
        for backend, one in models.items():
            train = one.program.module("train")
            dataset = one.program.module("data").load(folder / "data.npz")
            part = dataset.validation
            predictions[backend] = train.predict(one.model, part.inputs), np.array(part.target)
            records[backend] = []
            train.fit(
                one.model,
                dataset,
                folder / f"run-{backend}",
                epochs=epochs,
                report=records[backend].append,
            )
            assert len(records[backend]) == epochs
            changed = twins.read_weights(folder / f"run-{backend}" / "last.safetensors")
            assert all(np.isfinite(array).all() for array in changed.values())
    return records, predictions


def assert_same(records: Mapping[str, list[dict[str, float]]], share_: float) -> None:
    """All numbers of all epochs, but the time they took."""
    for ours, theirs in zip(records["torch"], records["keras"], strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours.keys() - {"seconds"}:
            bound = share_ * max(1.0, abs(ours[name]))
            assert abs(ours[name] - theirs[name]) <= bound, (name, ours, theirs)


# ---- losses and metrics


#: Step sizes, where 0.1 is too large.
RATES = {"mape": 0.001}


def of_epochs(target: str) -> list[str]:
    """The metrics that records of epochs have, where a loss has such a target."""
    known = ENTRIES["metric"].items()
    return [n for n, m in known if m.facts["each_epoch"] and target in m.facts["targets"]]


def learnt() -> Iterator[tuple[str, Role, bool]]:
    """Each loss behind each role of an output; with steps one for each kind of target.

    What they compute of steps, of weights and padding is tried in ``test_measures``.
    """
    targets_: set[str] = set()
    for name, entry in ENTRIES["loss"].items():
        yield from ((name, role, False) for role in entry.facts["roles"])
        if entry.facts["target"] not in targets_:
            yield name, Role.PLAIN, True
        targets_.add(entry.facts["target"])


@pytest.mark.parametrize(
    ("loss", "role", "steps"),
    [
        pytest.param(
            *case,
            id=f"{case[0]}-{case[1].value}{'-steps' if case[2] else ''}",
            marks=[] if case[0] in ("mae", "sparse_categorical_crossentropy") else pytest.mark.slow,
        )
        for case in learnt()
    ],
)
def test_losses_and_metrics(loss: str, role: Role, steps: bool, tmp_path: Path) -> None:
    target = ENTRIES["loss"][loss].facts["target"]
    metrics = of_epochs(target)
    settings = (
        f"    loss = {loss}\n    metrics = [{', '.join(metrics)}]\n"
        f"    optimizer = sgd(learning_rate={RATES.get(loss, 0.1)})\n"
    )
    end = "dense(3, activation=softplus)" if positive(loss, role) else ENDS[role]
    compilation = write_spec(tmp_path, end, settings, steps, loss)
    records, predictions = fit_both(compilation, tmp_path, 2)
    # A metric that is the loss is reported as the loss.
    assert set(metrics) - {loss} <= set(records["torch"][0])
    assert_same(records, 1e-5)
    assert records["torch"][1]["loss"] < records["torch"][0]["loss"]
    prediction, truth = predictions["torch"]
    np.testing.assert_allclose(prediction, predictions["keras"][0], atol=1e-5)
    if role is Role.PLAIN and target in SQUASH and not loss.endswith("hinge"):
        prediction = SQUASH[target](prediction.astype(np.float64))
    expected = float(EQUATIONS[loss](prediction.astype(np.float64), truth).mean())
    before = still(tmp_path, settings, steps, end, loss)
    assert abs(before - expected) <= 1e-5 * max(1.0, expected), (before, expected)


@pytest.mark.parametrize("loss", ["poisson", "huber"])
def test_counts_are_not_scaled(loss: str, tmp_path: Path) -> None:
    """Nor percents and shares: ``scale`` is for inputs then."""
    write_spec(tmp_path, ENDS[Role.PLAIN], f"    loss = {loss}\n", False, loss)
    spec = tmp_path / "case.seq"
    text = spec.read_text().replace("target = y\n", "target = y\n    scale = standard()\n")
    spec.write_text(text)
    compilation = Compilation.of(spec)
    raw = np.load(tmp_path / "data.npz")["y"]
    with built(compilation, tmp_path) as models:
        for one in models.values():
            target = one.program.module("data").load(tmp_path / "data.npz").train.target
            assert bool(np.isin(target, raw).all()) == (loss == "poisson")


def positive(loss: str, role: Role) -> bool:
    """Whether a loss wants a plain output that is above zero."""
    return loss == "poisson" and role is Role.PLAIN


def still(folder: Path, settings: str, steps: bool, end: str, loss: str) -> float:
    """The loss on the validation part when nothing is learnt, from PyTorch's loop."""
    inner = folder / "still"
    inner.mkdir()
    slow = re.sub(r"learning_rate=[0-9.]+", "learning_rate=1e-12", settings)
    records, _ = fit_both(write_spec(inner, end, slow, steps, loss), inner, 1)
    assert_same(records, 1e-5)
    return records["torch"][0]["val_loss"]


# ---- optimisers


def optimizers() -> Iterator[tuple[str, bool]]:
    """Every optimiser with its arguments in pairs, as (text, plain): plain is without clipping.

    Of the ways to clip one is given at a time.
    """
    for entry in ENTRIES["optimizer"].values():
        clips = [arg for arg in entry.args if "clip" in arg.name]
        pairs: dict[str, Any] = {"(clip)": ["", *(f"{arg.name}=0.05" for arg in clips)]}
        for arg in entry.args:
            if arg not in clips and arg.default is not None and "ema" not in arg.name:
                pairs[arg.name] = ["", *another(arg.name, arg.default)]
        for row in cover(pairs):
            given = [f"{k}={v}" for k, v in row.items() if v and k != "(clip)"]
            given += [str(row["(clip)"])] if row["(clip)"] else []
            yield f"{entry.name}({', '.join(given)})", not row["(clip)"]


#: Keras adds RMSprop's epsilon under the root, PyTorch to the root: clipped gradients are so small
#: that this shows.
LOOSE = {"rmsprop": 2e-3}


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(text, marks=[] if number == 0 else [pytest.mark.slow])
        for number, (text, _) in enumerate(optimizers())
    ],
)
def test_optimizers(optimizer: str, tmp_path: Path) -> None:
    """The same losses after each epoch.

    That holds for dense gradients: where a batch repeats a token, Keras on TensorFlow squares
    and clips the gradient of each occurrence, PyTorch that of their sum (see DEVIATIONS).
    """
    if "nesterov=true" in optimizer and "momentum" not in optimizer:
        optimizer = optimizer.replace("nesterov=true", "momentum=0.5, nesterov=true")
    settings = f"    loss = mse\n    optimizer = {optimizer}\n"
    body = "dense(6, activation=tanh) -> dense(3)"
    compilation = write_spec(tmp_path, body, settings, False, "mse")
    records, _ = fit_both(compilation, tmp_path, 3)
    assert_same(records, LOOSE.get(optimizer.split("(")[0], 1e-4))
    losses = [record["loss"] for record in records["torch"]]
    assert losses[-1] < losses[0]
    assert all(math.isfinite(x) for x in losses)


def test_averages_are_validated_and_kept(tmp_path: Path) -> None:
    """With ``use_ema``, in both programs; and records tell the rate of an epoch's last step."""
    settings = (
        "    loss = mse\n    optimizer = sgd(learning_rate=exponential_decay(0.1, 4, 0.7), "
        "momentum=0.5, gradient_accumulation_steps=2, use_ema=true, ema_momentum=0.7)\n"
    )
    compilation = write_spec(
        tmp_path, "dense(6, activation=tanh) -> dense(3)", settings, False, "mse"
    )
    records, _ = fit_both(compilation, tmp_path, 4)
    assert_same(records, 1e-5)
    # Batches 0 to 11; the second of each two makes a step.
    rates = [0.1 * 0.7 ** (batch / 4) for batch in (1, 5, 7, 11)]
    for of in records.values():
        assert [record["learning_rate"] for record in of] == pytest.approx(rates, rel=1e-5)
    kept = {
        (backend, which): twins.read_weights(tmp_path / f"run-{backend}" / f"{which}.safetensors")
        for backend in records
        for which in ("best", "last")
    }
    for which in ("best", "last"):
        for name, array in kept["torch", which].items():
            np.testing.assert_allclose(array, kept["keras", which][name], atol=1e-5)
    with built(compilation, tmp_path) as models:
        for backend, one in models.items():
            one.load(tmp_path / f"run-{backend}" / "last.safetensors")
            part = one.program.module("data").load(tmp_path / "data.npz").validation
            prediction = one.program.module("train").predict(one.model, part.inputs)
            loss = float(((prediction - part.target) ** 2).mean())
            assert loss == pytest.approx(records[backend][-1]["val_loss"], rel=1e-5)


def test_mixed_precision(tmp_path: Path) -> None:
    """Layers compute in bfloat16; losses are close to those of float32, weights are float32."""
    body = "dense(16, activation=tanh) -> dense(3, activation=softmax)"
    settings = "    loss = categorical_crossentropy\n    optimizer = sgd(learning_rate=0.5)\n"
    records: dict[str, dict[str, list[dict[str, float]]]] = {}
    for precision in ("float32", "mixed_bfloat16"):
        folder = tmp_path / precision
        folder.mkdir()
        more = f"{settings}    precision = {precision}\n"
        compilation = write_spec(folder, body, more, False, "categorical_crossentropy")
        records[precision], predictions = fit_both(compilation, folder, 3)
        for backend, (prediction, _) in predictions.items():
            assert prediction.dtype == np.float32
            # A softmax of bfloat16 would miss one by more.
            np.testing.assert_allclose(prediction.sum(-1), 1, atol=1e-6)
            kept = twins.read_weights(folder / f"run-{backend}" / "last.safetensors")
            assert all(array.dtype == np.float32 for array in kept.values())
    exact, mixed = records["float32"], records["mixed_bfloat16"]
    assert_same(exact, 1e-5)
    assert_same(mixed, 0.02)
    for backend in ("torch", "keras"):
        assert mixed[backend][-1]["loss"] != exact[backend][-1]["loss"]
        assert mixed[backend][-1]["loss"] == pytest.approx(exact[backend][-1]["loss"], rel=0.02)


def test_float16_needs_a_gpu_in_pytorch(tmp_path: Path) -> None:
    settings = "    loss = mse\n    precision = mixed_float16\n"
    compilation = write_spec(tmp_path, "dense(3)", settings, False, "mse")
    with built(compilation, tmp_path) as models:
        program = models["torch"].program
        dataset = program.module("data").load(tmp_path / "data.npz")
        with pytest.raises(program.module("train").TrainingError, match="mixed_bfloat16"):
            program.module("train").fit(models["torch"].model, dataset, tmp_path / "run")
        assert not (tmp_path / "run").exists()
        # Keras has it, slowly; the scaling of losses is its own.
        train = models["keras"].program.module("train")
        record = train.fit(models["keras"].model, dataset, tmp_path / "run", epochs=2)
        assert math.isfinite(record["val_loss"])
        assert "LossScale" in type(models["keras"].model.optimizer).__name__
