"""Regularisers and constraints: both programs report the same losses and end with the same weights.

Every entry, wherever it fits, on layers of each kind. What Keras adds to its loss, and how often,
is Keras's own; the other program writes it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.vocabulary import ENTRIES, LAYERS
from tests.matrix import spec_text
from tests.matrix.test_training import assert_same, eagerly, fit_both, write_spec
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]
__all__ = ["eagerly"]

#: One of each kind of layer with weights, with room for arguments.
LAYERS_OF = (
    "conv_1d(4, 2, padding=causal{})",
    "lstm(3, return=sequence{})",
    "gru(3, return=sequence{})",
    "gru(3, reset_after=false, return=sequence{})",
    "bidirectional(gru(2, return=sequence{}))",
    "bidirectional(lstm(2, dropout=0.0, activation=softsign, return=sequence{}))",
    "simple_rnn(4, return=sequence{})",
    "dense(3{})",
)
#: Every entry with what it can be told, felt enough to be missed.
REGULARIZERS = (
    "l2(0.05)",
    "l1",
    "l1_l2(l1=0.01, l2=0.03)",
    "orthogonal_regularizer(0.5)",
    "orthogonal_regularizer(0.5, mode=columns)",
)
CONSTRAINTS = (
    "max_norm(0.5)",
    "max_norm(0.5, axis=1)",
    "max_norm(1, axis=[0, 1])",
    "non_neg",
    "unit_norm",
    "unit_norm(axis=1)",
    "min_max_norm(0.3, 0.6)",
    "min_max_norm(0.3, 0.6, rate=0.5, axis=1)",
)
SETTINGS = "    loss = mse\n    metrics = [mse, rmse]\n    optimizer = sgd(learning_rate=0.05)\n"


def mostly_slow(texts: Iterable[str]) -> list[ParameterSet]:
    """The first for the fast run."""
    return [
        pytest.param(text, marks=[pytest.mark.slow] if number else [])
        for number, text in enumerate(texts)
    ]


def arguments(layer: str, category: str, text: str) -> str:
    """The text for each argument of a layer that takes it."""
    name = layer.removeprefix("bidirectional(").split("(")[0]
    found: list[str] = []
    for arg in LAYERS[name].args:
        if arg.kind.category == category:
            with_it = (
                f"model M(x: float[B, 4, 5]) {{ x -> {layer.format(f', {arg.name}={text}')} }}"
            )
            if not spec_text.errors(with_it):
                found.append(f", {arg.name}={text}")
    return "".join(found)


def body(category: str, text: str) -> str:
    return " -> ".join(part.format(arguments(part, category, text)) for part in LAYERS_OF)


def assert_trains_alike(compilation: Compilation, folder: Path, *, felt: bool) -> None:
    """For two epochs; with something ``felt``, the loss is more than the error."""
    records, _ = fit_both(compilation, folder, 2)
    assert_same(records, 1e-5)
    start = random_weights(task_of(compilation).graph, 1.0)
    ours, theirs = (
        twins.read_weights(folder / f"run-{backend}" / "last.safetensors")
        for backend in ("torch", "keras")
    )
    assert all((ours[name] != start[name]).any() for name in start)
    apart = {name: float(abs(ours[name] - theirs[name]).max()) for name in start}
    assert max(apart.values()) <= 1e-5, apart
    first = records["torch"][0]
    assert abs(first["rmse"] ** 2 - first.get("mse", first["loss"])) <= 1e-5 * first["loss"]
    if not felt:  # then the loss is the metric of that name, and not reported twice
        assert "mse" not in first
        return
    assert first["loss"] - first["mse"] > 1e-3
    assert first["val_loss"] - first["val_mse"] > 1e-3


def test_all_are_tried() -> None:
    for category, given in (("regularizer", REGULARIZERS), ("constraint", CONSTRAINTS)):
        assert {text.split("(")[0] for text in given} == set(ENTRIES[category])


@pytest.mark.parametrize("text", mostly_slow(REGULARIZERS))
def test_regularizers(text: str, tmp_path: Path) -> None:
    compilation = write_spec(tmp_path, body("regularizer", text), SETTINGS, True, "mse")
    assert_trains_alike(compilation, tmp_path, felt=True)


@pytest.mark.parametrize("text", mostly_slow(CONSTRAINTS))
def test_constraints(text: str, tmp_path: Path) -> None:
    compilation = write_spec(tmp_path, body("constraint", text), SETTINGS, True, "mse")
    assert_trains_alike(compilation, tmp_path, felt=False)


#: What is read of a layer decides what it gives, and so what costs something.
OUTPUTS = {
    "shared, and in a model": """
model Part(x: float[B, 4, 5]) {
    x -> dense(5, activity_regularizer=l1) -> lstm(3, activity_regularizer=l2)
}
model M(x: float[B, 4, 5]) {
    same = dense(5, activation=tanh, activity_regularizer=l2(0.1))
    part = Part
    a = x -> same -> part
    b = x -> same -> same -> part
    c = x -> Part
    concat(a, b, c) -> dense(3, activity_regularizer=l1_l2(l1=0.1, l2=0.2))
}
""",
    "every step, the last and states": """
model M(x: float[B, 4, 5]) {
    a = x -> lstm(3, activity_regularizer=l1)
    b = a.sequence -> gru(3, initial=[a.last], activity_regularizer=l2)
    c = x -> lstm(3, initial=a.state, activity_regularizer=l2(0.3), activation=softsign)
    d = x -> simple_rnn(3, activity_regularizer=l2(0.3), return=sequence) -> gru(3)
    concat(b, b.state.h, c.last, c.state.c, d) -> dense(3)
}
""",
    "both ways": """
model M(x: float[B, 4, 5]) {
    a = x -> bidirectional(lstm(3, activity_regularizer=l1), merge_mode=sum)
    b = x -> bidirectional(gru(3, activity_regularizer=l2, return=sequence), merge_mode=none)
    costly = bidirectional(lstm(3, activity_regularizer=l2, dropout=0.1), initial=a.state)
    c = b.backward.sequence -> costly
    d = b.forward.sequence -> bidirectional(gru(2, activity_regularizer=l1, reset_after=false))
    concat(a, b.forward.last, c.backward.state.c, c, d.last, d.sequence -> lstm(2)) -> dense(3)
}
""",
    "used as different things": """
model M(x: float[B, 4, 5]) {
    same = lstm(5, activity_regularizer=l1)
    a = x -> same
    b = a.sequence -> same
    concat(b.last, b.state.c) -> dense(3, activation=softmax, activity_regularizer=l2)
}
""",
}


def assert_same_cost(compilation: Compilation, x: Array, folder: Path) -> None:
    assert not [d.message for d in compilation.check() if d.severity.value == "error"]
    task = task_of(compilation)
    with built(compilation, folder) as models:
        share(models, random_weights(task.graph, 1.0), task, folder)
        torch, keras = models["torch"], models["keras"]
        torch.model.eval()
        for _ in range(2):  # nothing is left over from the first time
            torch.model(framework("torch").from_numpy(x))
            ours = float(torch.program.module("train").penalty(torch.model))
            keras.model(x)
            theirs = float(sum(keras.model.losses))
            assert abs(ours - theirs) <= 1e-5 * theirs > 0


@pytest.mark.parametrize("spec", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_outputs_that_cost(spec: str, tmp_path: Path) -> None:
    """What is added to the loss is what Keras adds."""
    write_spec(tmp_path, "dense(3)", SETTINGS, False, "mse")
    text = (tmp_path / "case.seq").read_text()
    (tmp_path / "case.seq").write_text(spec + text[text.index("data d") :])
    x = np.random.default_rng(0).standard_normal((6, 4, 5)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=x[:, 0, :3])
    assert_same_cost(Compilation.of(tmp_path / "case.seq"), x, tmp_path)


PADDED = (
    "lstm(3, activity_regularizer=l2, return=sequence)",
    "gru(3, activation=softsign, activity_regularizer=l1, return=sequence)",
    "bidirectional(gru(3, activity_regularizer=l2, return=sequence))",
    "bidirectional(gru(3, activation=softsign, activity_regularizer=l2, return=sequence))",
    "bidirectional(lstm(3, dropout=0.5, activity_regularizer=l2, return=sequence))",
    "bidirectional(lstm(3, activity_regularizer=l2), merge_mode=sum) -> repeat(2)",
)


@pytest.mark.parametrize("layers", mostly_slow(reversed(PADDED)))
def test_outputs_at_padding(layers: str, tmp_path: Path) -> None:
    """There Keras's layers repeat an output, or give zeros where both directions are read."""
    write_spec(tmp_path, "dense(3)", SETTINGS, False, "mse")
    text = (tmp_path / "case.seq").read_text()
    model = f"model M(x: token(7, pad=0)[B, T]) {{ x -> embedding(4) -> {layers} -> lstm(3) }}\n"
    (tmp_path / "case.seq").write_text(model + text[text.index("data d") :])
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [1, 2, 3, 4, 5], [2, 0, 0, 0, 0]])
    np.savez(tmp_path / "data.npz", x=np.tile(x, (8, 1)), y=np.zeros((32, 3), np.float32))
    assert_same_cost(Compilation.of(tmp_path / "case.seq"), x, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("port", "body"),
    [
        (
            "x: token(7)[B, 4]",
            "embedding(3, embeddings_regularizer=l2(0.1), activity_regularizer=l1(0.1),"
            " embeddings_constraint=max_norm(0.3, axis=1)) -> flatten -> dense(3)",
        ),
        (
            "x: float[B, 4, 5, 2]",
            "conv_2d(3, [2, 3], kernel_regularizer=l2(0.1), activity_regularizer=l1(0.1),"
            " bias_regularizer=l1, kernel_constraint=unit_norm(axis=[0, 1, 2])) -> flatten"
            " -> dense(3, kernel_constraint=min_max_norm(0.5, 0.8, rate=0.7))",
        ),
    ],
    ids=["embedding", "images"],
)
def test_layers_for_other_inputs(port: str, body: str, tmp_path: Path) -> None:
    write_spec(tmp_path, "dense(3)", SETTINGS, False, "mse")
    spec = tmp_path / "case.seq"
    text = spec.read_text()
    spec.write_text(f"model M({port}) {{ x -> {body} }}\n{text[text.index('data d') :]}")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 4, 5, 2)).astype(np.float32)
    if "token" in port:
        x = rng.integers(0, 7, (30, 4))
    np.savez(tmp_path / "data.npz", x=x, y=rng.standard_normal((30, 3)).astype(np.float32))
    compilation = Compilation.of(spec)
    assert not [d.message for d in compilation.check() if d.severity.value == "error"]
    assert_trains_alike(compilation, tmp_path, felt=True)
