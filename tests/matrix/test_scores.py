"""Metrics of held-out data: both programs' scores against equations and against Keras's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import framework
from seqspec.vocabulary import ENTRIES
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SAMPLES, STEPS, WIDTH, K = 60, 4, 3, 2
MORE = ["msle", "log_cosh", "cosine_similarity"]  # in records, too
#: Those that measure something of their own are in test_sequence_scores.py.
HELD_OUT = [
    name
    for name, metric in ENTRIES["metric"].items()
    if not metric.facts["each_epoch"] and not metric.facts["measures"]
]


def write(folder: Path, head: str, loss: str, steps: bool, metrics: list[str]) -> Compilation:
    """A spec of one output next to its data."""
    rng = np.random.default_rng(7)
    shape = (SAMPLES, STEPS) if steps else (SAMPLES,)
    kind = ENTRIES["loss"][loss.split("(")[0]].facts["target"]
    ids = rng.integers(0, WIDTH, shape)
    y = {
        "same": rng.standard_normal((*shape, WIDTH)) * [1, 3, 50],
        "binary": rng.integers(0, 2, (*shape, WIDTH)),
        "one_hot": np.eye(WIDTH)[ids],
        "class_ids": ids,
    }[kind]
    np.savez(folder / "data.npz", x=rng.standard_normal((*shape, 5)).astype(np.float32), y=y)
    spec = folder / "case.seq"
    spec.write_text(
        f"model M(x: float[{'B, T, 5' if steps else 'B, 5'}]) {{ x -> {head} }}\n"
        'data d {\n    source = npz("data.npz")\n    target = y\n'
        "    split = random(train=20%, validation=20%)\n}\n"
        f"train M {{\n    data = d\n    loss = {loss}\n    metrics = [{', '.join(metrics)}]\n}}\n"
    )
    return Compilation.of(spec)


def scores(compilation: Compilation, folder: Path) -> tuple[dict[str, float], Array, Array]:
    """The scores of the test part, the same in both programs; predictions and targets."""
    task = task_of(compilation)
    found: dict[str, tuple[dict[str, float], Array, Array]] = {}
    with built(compilation, folder) as models:
        share(models, random_weights(task.graph, 1.0), task, folder)
        for backend, one in models.items():
            train = one.program.module("train")
            part = one.program.module("data").load(folder / "data.npz").test
            prediction = np.array(train.predict(one.model, part.inputs))
            evaluated = train.evaluate(one.model, part)
            assert not set(HELD_OUT) & {re.sub("^val_", "", n) for n in train.REPORTED}
            found[backend] = evaluated, prediction, np.array(part.target)
    assert found["torch"][0] == pytest.approx(found["keras"][0], rel=1e-5)
    return found["torch"]


def flat(prediction: Array, target: Array, loss: str) -> tuple[Array, Array]:
    """Rows of numbers, or of classes with the id of each."""
    p = prediction.reshape(-1, WIDTH).astype(np.float64)
    if "categorical" not in loss:
        return p, target.reshape(-1, WIDTH).astype(np.float64)
    ids = target if "sparse" in loss else target.argmax(-1)
    return p, ids.reshape(-1)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _shares(p: Array, y: Array, measure: str) -> float:
    """Of each class by itself, by counting; of answers all together."""
    classes = [((p > 0).ravel(), y.ravel() == 1)]
    if y.ndim == 1:
        classes = [(p.argmax(-1) == c, y == c) for c in range(WIDTH)]
    found: list[float] = []
    for said, so in classes:
        right = sum(1 for a, b in zip(said, so, strict=True) if a and b)
        wrong = sum(1 for a, b in zip(said, so, strict=True) if a and not b)
        missed = sum(1 for a, b in zip(said, so, strict=True) if b and not a)
        found.append(
            {
                "precision": _ratio(right, right + wrong),
                "recall": _ratio(right, right + missed),
                "f1": _ratio(2 * right, 2 * right + wrong + missed),
            }[measure]
        )
    return sum(found) / len(found)


def _log(x: Array) -> Array:
    return np.log(1 + np.where(x > 1e-7, x, 1e-7))


def _auc(p: Array, y: Array) -> float:
    yes, no = p[y == 1], p[y == 0]
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in yes for b in no]
    return sum(pairs) / len(pairs)


def _perplexity(p: Array, y: Array) -> float:
    """Of logits: the geometric mean of one over what the right class has."""
    raised = np.exp(p)
    chances = [row[c] / row.sum() for row, c in zip(raised, y, strict=True)]
    return float(np.prod([1 / c for c in chances]) ** (1 / len(chances)))


#: Of rows of numbers and targets; logits for classes and answers.
EQUATIONS: Mapping[str, Callable[[Array, Array], float]] = {
    "msle": lambda p, y: float(np.mean((_log(p) - _log(y)) ** 2)),
    "log_cosh": lambda p, y: float(np.mean(np.log(np.cosh(p - y)))),
    "cosine_similarity": lambda p, y: float(
        np.mean([a @ b / (a @ a * (b @ b)) ** 0.5 for a, b in zip(p, y, strict=True)])
    ),
    "smape": lambda p, y: float(100 * np.mean(abs(p - y) / ((abs(p) + abs(y)) / 2))),
    "r2": lambda p, y: float(np.mean(1 - ((p - y) ** 2).mean(0) / y.var(0))),
    "top_k_accuracy": lambda p, y: float(
        np.mean([c in np.argsort(row)[-K:] for row, c in zip(p, y, strict=True)])
    ),
    "precision": lambda p, y: _shares(p, y, "precision"),
    "recall": lambda p, y: _shares(p, y, "recall"),
    "f1": lambda p, y: _shares(p, y, "f1"),
    "auc": _auc,
    "perplexity": _perplexity,
}

#: Heads, the losses of what they give, and what makes logits of it again.
CASES = {
    "numbers": ("dense(3)", "mse"),
    "answers": ("dense(3)", "binary_crossentropy"),
    "sure answers": ("dense(3, activation=sigmoid)", "binary_crossentropy"),
    "margins": ("dense(3)", "hinge"),
    "ids": ("dense(3)", "sparse_categorical_crossentropy"),
    "likely ids": ("dense(3, activation=softmax)", "sparse_categorical_crossentropy"),
    "some ids": ("dense(3)", "sparse_categorical_crossentropy(ignore_class=1)"),
    "one-hot": ("dense(3)", "categorical_crossentropy"),
}


def test_every_held_out_metric_has_an_equation() -> None:
    assert set(EQUATIONS) == {*HELD_OUT, *MORE}


@pytest.mark.parametrize("steps", [False, True], ids=["one", "per step"])
@pytest.mark.parametrize("case", CASES)
def test_scores(case: str, steps: bool, tmp_path: Path) -> None:
    head, loss = CASES[case]
    kind = ENTRIES["loss"][loss.split("(")[0]].facts["target"]
    names = [*HELD_OUT, *MORE]
    fitting = [name for name in names if kind in ENTRIES["metric"][name].facts["targets"]]
    asked = [f"{n}(k={K})" if n.startswith("top_k") else n for n in fitting]
    found, prediction, target = scores(write(tmp_path, head, loss, steps, asked), tmp_path)
    p, y = flat(prediction, target, loss)
    if "sigmoid" in head:
        p = np.log(p / (1 - p))
    if "softmax" in head:
        p = np.log(p)
    if "ignore" in loss:
        p, y = p[y != 1], y[y != 1]
    for name in fitting:
        score = found[name.replace("_k_", f"_{K}_")]
        assert score == pytest.approx(EQUATIONS[name](p, y), rel=1e-5), name
        if keras := of_keras(name, p, y):
            assert score == pytest.approx(keras[0], rel=keras[1]), name


def of_keras(name: str, p: Array, y: Array) -> tuple[float, float] | None:
    """What Keras's own metric says, and how close that is to be."""
    metrics: Any = framework("keras").metrics
    several = y.ndim == 1
    if name == "auc":
        metric, close = metrics.AUC(num_thresholds=2000), 2e-3
        p = 1 / (1 + np.exp(-p))
    elif name in MORE:
        of = {"msle": "MeanSquaredLogarithmicError", "log_cosh": "LogCoshError"}
        metric, close = getattr(metrics, of.get(name, "CosineSimilarity"))(), 1e-5
    elif name == "r2":
        metric, close = metrics.R2Score(), 1e-4
    elif name == "top_k_accuracy":
        metric, close = metrics.SparseTopKCategoricalAccuracy(K), 1e-5
    elif name == "f1":
        average = "macro" if several else None
        metric, close = metrics.F1Score(average=average, threshold=None if several else 0.5), 1e-5
        p = p if several else (p > 0).reshape(-1, 1)
        y = np.eye(WIDTH)[y] if several else y.reshape(-1, 1)
    elif name in ("precision", "recall") and not several:
        metric, close = getattr(metrics, name.title())(), 1e-5
        p = p > 0
    else:
        return None
    metric.update_state(y.astype(np.float32), p.astype(np.float32))
    return float(np.squeeze(metric.result())), close


def test_padding_does_not_count(tmp_path: Path) -> None:
    """Scores are those of the steps of data, whatever the others are compared with."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 9, (SAMPLES, STEPS))
    x[np.arange(STEPS) >= rng.integers(1, STEPS + 1, SAMPLES)[:, None]] = 0
    np.savez(tmp_path / "data.npz", x=x, y=rng.integers(0, WIDTH, x.shape))
    (tmp_path / "case.seq").write_text(
        "model M(x: token(9, pad=0)[B, T]) -> float[B, T, 3] {\n"
        "    x -> embedding(4) -> gru(5, return=sequence) -> dense(3)\n}\n"
        'data d {\n    source = npz("data.npz")\n    target = y\n'
        "    split = random(train=20%, validation=20%)\n}\n"
        "train M {\n    data = d\n    loss = sparse_categorical_crossentropy\n"
        "    metrics = [recall, perplexity, top_k_accuracy(k=1)]\n}\n"
    )
    compilation = Compilation.of(tmp_path / "case.seq")
    found, prediction, target = scores(compilation, tmp_path)
    with built(compilation, tmp_path) as models:
        data = next(iter(models.values())).program.module("data")
        mask = np.array(data.load(tmp_path / "data.npz").test.inputs[0]) != 0
    assert 0 < mask.sum() < mask.size
    p, y = prediction[mask].astype(np.float64), target[mask]
    for name in ("recall", "perplexity"):
        assert found[name] == pytest.approx(EQUATIONS[name](p, y), rel=1e-5)
    assert found["top_1_accuracy"] == found["accuracy"]


def test_outputs_with_names_of_scores(tmp_path: Path) -> None:
    """An output called as what a score computes for another one keeps its numbers."""
    rng = np.random.default_rng(4)
    low, size = rng.standard_normal((SAMPLES, 1)), rng.standard_normal((SAMPLES, 1))
    x = rng.standard_normal((SAMPLES, 5))
    np.savez(tmp_path / "data.npz", x=x, low=low, low_size=size)
    (tmp_path / "case.seq").write_text(
        "model M(x: float[B, 5]) -> (low: float[B, 1], low_size: float[B, 1]) {\n"
        "    low = x -> dense(1)\n    low_size = x -> dense(1)\n}\n"
        'data d {\n    source = npz("data.npz")\n}\n'
        "train M {\n    data = d\n    loss = mse\n    metrics = [smape, r2(low_size)]\n}\n"
    )
    compilation = Compilation.of(tmp_path / "case.seq")
    first, second = rng.standard_normal((2, SAMPLES, 1))
    with built(compilation, tmp_path) as models:
        for one in models.values():
            found = one.program.module("data").score((first, second), (low, size))
            assert "low_r2" not in found
            assert found["low_smape"] == pytest.approx(EQUATIONS["smape"](first, low))
            assert found["low_size_smape"] == pytest.approx(EQUATIONS["smape"](second, size))
            assert found["low_size_r2"] == pytest.approx(EQUATIONS["r2"](second, size))


def test_nothing_to_divide_by(tmp_path: Path) -> None:
    """Scores that are shares of nothing are 0, as in Keras, without a warning of numpy."""
    asked = ["precision", "recall", "f1", "auc"]
    of = write(tmp_path, "dense(3)", "binary_crossentropy", False, asked)
    never = np.full((5, WIDTH), -1.0), np.zeros((5, WIDTH))
    numbers = tmp_path / "numbers"
    numbers.mkdir()
    constant = write(numbers, "dense(3)", "mse", False, ["r2", "smape"])
    with np.errstate(all="raise"):
        with built(of, tmp_path) as models:
            for one in models.values():
                found = one.program.module("data").score(*never)
                assert [found[name] for name in asked] == [0, 0, 0, 0]
        with built(constant, numbers) as models:
            for one in models.values():
                found = one.program.module("data").score(np.zeros((5, 3)), np.zeros((5, 3)))
                assert (found["r2"], found["smape"]) == (0, 0)


def test_ties(tmp_path: Path) -> None:
    """Pairs that are alike count half in the area; classes that are alike are all among the k."""
    of = write(tmp_path, "dense(3)", "binary_crossentropy", False, ["auc"])
    classes = tmp_path / "classes"
    classes.mkdir()
    asked = write(
        classes, "dense(3)", "sparse_categorical_crossentropy", False, ["top_k_accuracy(k=2)"]
    )
    p, y = np.array([[0.5, 0.5, -1.0], [0.5, 2.0, 2.0]]), np.array([[1, 0, 0], [0, 1, 0]])
    with built(of, tmp_path) as models:
        for one in models.values():
            found = one.program.module("data").score(p, y)["auc"]
            assert found == _auc(p, y) == 5.5 / 8
    with built(asked, classes) as models:
        for one in models.values():
            found = one.program.module("data").score(p, np.array([0, 0]))
            assert found["top_2_accuracy"] == 0.5
