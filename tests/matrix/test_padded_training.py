"""Losses and metrics over padded sequences: padding counts in neither program's numbers.

From the same weights on the same batches, against each other and against the mean over the steps
of data, written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation, Options
from seqspec.running.program import framework
from seqspec.vocabulary import ENTRIES
from tests.matrix.losses import EQUATIONS, softmax
from tests.matrix.test_training import assert_same, fit_both
from tests.matrix.trial import Array

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SAMPLES, STEPS = 35, 5

#: input, its first layers, and what comes before the head
BODIES = {
    "token": ("token(12, pad=3)[B, T]", "embedding(4) -> bidirectional(gru(4, return=sequence))"),
    "value": ("float(pad=-1)[B, T, 2]", "dense(4) -> lstm(4, return=sequence)"),
    "lengths": ("float(pad=lengths)[B, T, 2]", "gru(4, return=sequence, go_backwards=true)"),
    "attached": ("token(12, pad=3)[B, T]", "embedding(4)"),
    "attached lengths": ("float(pad=lengths)[B, T, 2]", "dropout(0)"),
    "reversed": ("float(pad=lengths)[B, T, 2]", "lstm(4, return=sequence) -> reverse"),
    "attended": ("token(12, pad=3)[B, T]", "embedding(4) -> multi_head_attention(2, 2)"),
    "attended to itself": (
        "float(pad=lengths)[B, T, 2]",
        "attention(causal=true); add(h, h -> multi_head_attention(2, 3))",
    ),
    # What is frozen has neither a cost nor bounds.
    "frozen": (
        "token(12, pad=3)[B, T]",
        "embedding(4, trainable=false, embeddings_regularizer=l2, embeddings_constraint=non_neg)",
    ),
    "sliced": ("float(pad=lengths)[B, T, 2]", "simple_rnn(4, return=sequence) -> Half"),
}


@pytest.fixture(autouse=True)
def eagerly() -> Iterator[None]:
    tf = framework("tensorflow")
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def arrays(body: str, loss: str) -> tuple[dict[str, Any], Array]:
    """The arrays of a file, and which steps of the output are data."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, STEPS + 1, SAMPLES)
    mask = np.arange(STEPS) < lengths[:, None]
    type_, layers = BODIES[body]
    if type_.startswith("token"):
        mask = rng.random((SAMPLES, STEPS)) < 0.6  # anywhere
        mask[:, 2] = True
        x = np.where(mask, rng.integers(4, 12, mask.shape), 3)
    else:
        if "lengths" not in type_:
            mask = mask[:, ::-1]
        x = rng.standard_normal((SAMPLES, STEPS, 2)).astype(np.float32)
        x[~mask] = -1
    back = "backwards" in layers or "reverse" in layers
    kind = ENTRIES["loss"][loss].facts["target"]
    if kind == "class_ids":
        y = rng.integers(0, 3, (SAMPLES, STEPS))
    else:
        y = rng.integers(0, 2, (SAMPLES, STEPS, 3)).astype(np.float32)
    return {"x": x, "x_lengths": lengths, "y": y}, mask[:, ::-1] if back else mask


def compiled(folder: Path, body: str, loss: str, metrics: str, rate: float) -> Compilation:
    type_, layers = BODIES[body]
    half = "model Half(h: float[B, T, 4]) { h[:, :, 1:] * 0.5 }\n" if "Half" in layers else ""
    first, _, more = layers.partition("; ")
    body = f"h = x -> {first}\n    {more} -> dense(3)" if more else f"x -> {first} -> dense(3)"
    spec = folder / "m.seq"
    spec.write_text(
        f"{half}model M(x: {type_}) {{ {body} }}\n"
        'data d {\n    source = npz("data.npz")\n    target = y\n'
        "    split = random(train=60%, validation=20%)\n}\n"
        f"train M {{\n    data = d\n    batch_size = 7\n    loss = {loss}\n"
        f"    metrics = [{metrics}]\n    optimizer = sgd(learning_rate={rate})\n}}\n"
    )
    compilation = Compilation.of(spec, Options(model="M"))
    # Targets are reversed with the steps here, so that warning is expected.
    findings = [d for d in compilation.check() if d.severity.value != "note"]
    errors = [d for d in findings if d.code.number != "SEQ511"]
    assert not errors, errors
    return compilation


CASES = [
    ("token", "sparse_categorical_crossentropy", "accuracy"),
    ("lengths", "binary_crossentropy", "accuracy"),
    ("attached", "mse", "mae, rmse"),
    ("value", "mae", "mse"),
    ("value", "huber", "rmse"),
    ("attached lengths", "sparse_categorical_crossentropy", "accuracy"),
    ("reversed", "log_cosh", "mse"),
    ("attended", "sparse_categorical_crossentropy", "accuracy"),
    ("attended to itself", "mse", "mae"),
    ("frozen", "mse", "mae"),
    ("sliced", "cosine_similarity", "mae"),
]


@pytest.mark.parametrize(
    ("body", "loss", "metrics"),
    [
        pytest.param(*case, id=f"{case[0]}, {case[1]}", marks=[] if i == 1 else [pytest.mark.slow])
        for i, case in enumerate(CASES)
    ],
)
def test_padding_does_not_count(body: str, loss: str, metrics: str, tmp_path: Path) -> None:
    data, mask = arrays(body, loss)
    np.savez(tmp_path / "data.npz", **data)
    records, _ = fit_both(compiled(tmp_path, body, loss, metrics, 0.1), tmp_path, 2)
    assert_same(records, 1e-5)
    assert records["torch"][1]["loss"] < records["torch"][0]["loss"]
    # Other targets at padded steps change no number.
    data["y"] = np.where(mask if data["y"].ndim == 2 else mask[..., None], data["y"], 0)
    np.savez(tmp_path / "data.npz", **data)
    others, _ = fit_both(compiled(tmp_path, body, loss, metrics, 0.1), tmp_path, 2)
    assert_same({"torch": records["torch"], "keras": others["torch"]}, 0)
    assert_same(others, 1e-5)


def test_the_mean_is_over_data(tmp_path: Path) -> None:
    data, mask = arrays("token", "sparse_categorical_crossentropy")
    np.savez(tmp_path / "data.npz", **data)
    loss = "sparse_categorical_crossentropy"
    compilation = compiled(tmp_path, "token", loss, "accuracy", 1e-12)
    records, predictions = fit_both(compilation, tmp_path, 1)
    logits, truth = predictions["torch"]
    dataset_mask = _mask_of_validation(truth, data, mask)
    chosen, ids = logits[dataset_mask].astype(np.float64), truth[dataset_mask]
    # One batch of the whole part: the mean over its steps of data.
    expected = EQUATIONS[loss](softmax(chosen), ids).mean()
    hits = float((chosen.argmax(-1) == ids).mean())
    assert len(truth) <= 7
    for record in (records["torch"][0], records["keras"][0]):
        assert abs(record["val_loss"] - expected) < 1e-5
        assert abs(record["val_accuracy"] - hits) < 1e-6


def _mask_of_validation(truth: Array, data: dict[str, Any], mask: Array) -> Array:
    """The rows of the mask whose targets are those of the validation part."""
    rows = [np.flatnonzero((data["y"] == row).all(axis=1))[0] for row in truth]
    return mask[rows]
