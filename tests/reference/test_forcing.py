"""Training on some tokens of its own against loops over whole runs, written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.running.program import framework
from tests.matrix.trial import Array, built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SAMPLES = 20
SPEC = """
model Tell(source: token(9, pad=0)[B, S], mood: float[B, T, 2], word: token(6, pad=0)[B, T])
    -> float[B, T, 6]
{{
    notes = source -> embedding(4) -> bidirectional(gru(3, return=sequence))
    start = source -> embedding(4) -> lstm(6)
    read = word -> embedding(4) -> lstm(6, initial=start.state, return=sequence)
    both = add(read -> dense(6), mood -> dense(6))   # seqspec: allow(mask-lost)
    said = both -> gru(6, return=sequence)
    said -> attention(notes) -> dropout(0.3) -> dense(6)
}}
data words {{
    source = npz("words.npz")
    target = answer
    split = chronological(train=80%, validation=0%)
}}
train Tell {{
    data = words, loss = sparse_categorical_crossentropy
    optimizer = sgd(learning_rate=0.2), epochs = {epochs}, batch_size = 16{forcing}
}}
generate Tell {{ loop = word, start = 1, stop = 2, limit = 7 }}
"""


@contextmanager
def programs(folder: Path, epochs: int, forcing: str, *, drops: bool = True) -> Iterator[Any]:
    """Both programs with the same weights, and what their training part reads."""
    rng = np.random.default_rng(0)
    answer = rng.integers(3, 6, (SAMPLES, 6))
    for row, length in zip(answer, rng.integers(1, 7, SAMPLES), strict=True):
        row[length - 1], row[length:] = 2, 0
    arrays: dict[str, Any] = {
        "source": rng.integers(1, 9, (SAMPLES, 4)),
        "mood": rng.normal(size=(SAMPLES, 6, 2)).astype(np.float32),
        "answer": answer,
    }
    np.savez(folder / "words.npz", **arrays)
    text = SPEC.format(epochs=epochs, forcing=f", teacher_forcing = {forcing}" if forcing else "")
    (folder / "words.seq").write_text(text if drops else text.replace("dropout(0.3) -> ", ""))
    compilation = Compilation.of(folder / "words.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    with built(compilation, folder / forcing.strip("%")) as models:
        task = task_of(compilation)
        share(models, random_weights(task.graph, 1.5), task, folder)
        data = models["torch"].program.module("data").load(folder / "words.npz")
        yield models, data


def fitted(one: Any, data: Any, run: Path) -> tuple[dict[str, float], dict[str, Array]]:
    """The last record and the weights of a training."""
    record = one.program.module("train").fit(one.model, data, run, report=lambda _: None)
    return record, twins.read_weights(run / "last.safetensors")


def likeliest(one: Any, inputs: list[Array], place: int) -> Array:
    """What the model finds most likely at a place, of a run over all steps before."""
    source, mood, word = inputs
    found = twins.forward(one, [source, mood[:, :place], word[:, :place]])[0][:, -1].copy()
    found[:, 0] = -np.inf  # padding
    return found.argmax(-1)


def read(one: Any, inputs: list[Array]) -> Array:
    """What the program reads of the tokens of a batch while it trains."""
    train = one.program.module("train")
    if one.backend == "torch":
        given = twins.torch_inputs(one, inputs)
        found = train.own_tokens(one.model.train(), given)
        assert one.model.training, "what drops goes on dropping"
        return np.asarray(found.numpy())
    found = train.OwnTokens(one.model).with_own(twins.keras_inputs(one.model, inputs))
    return np.asarray(found[-1])


def test_all_right_is_plain_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the bit; with all of them right, programs have none of this."""
    with programs(tmp_path, 3, "", drops=False) as (models, data):
        plain = fitted(models["torch"], data, tmp_path / "plain")[1]
        train = models["torch"].program.module("train")
        assert not hasattr(train, "TEACHER_FORCING")
    with programs(tmp_path, 3, "50%", drops=False) as (models, data):
        some = fitted(models["torch"], data, tmp_path / "some")[1]
        assert any(not np.array_equal(plain[name], some[name]) for name in plain)
    with programs(tmp_path, 3, "40%", drops=False) as (models, data):
        for one in models.values():
            monkeypatch.setattr(one.program.module("train"), "TEACHER_FORCING", 1.0)
        inputs = [np.asarray(array) for array in data.train.inputs]
        for one in models.values():
            np.testing.assert_array_equal(read(one, inputs), inputs[2])
        every = fitted(models["torch"], data, tmp_path / "every")[1]
        assert all(np.array_equal(plain[name], every[name]) for name in plain)


@pytest.mark.slow
def test_none_right_is_a_free_running_loop(tmp_path: Path) -> None:
    """The loss of the first step is that of a loop by hand; then both programs go the same way."""
    with programs(tmp_path, 1, "0%", drops=False) as (models, data):
        inputs = [np.asarray(array) for array in data.train.inputs]
        target = data.train.target
        losses: dict[str, float] = {}
        for one in models.values():
            tokens = inputs[2].copy()
            for place in range(1, tokens.shape[1]):
                said = likeliest(one, [*inputs[:2], tokens], place)
                tokens[:, place] = np.where(inputs[2][:, place] == 0, 0, said)
            assert (tokens != inputs[2]).any()
            np.testing.assert_array_equal(read(one, inputs), tokens)
            scores = twins.forward(one, [*inputs[:2], tokens])[0].astype(np.float64)
            scores -= np.log(np.exp(scores).sum(-1, keepdims=True))
            each = -np.take_along_axis(scores, target[..., None], axis=-1)[..., 0]
            losses[one.backend] = float(each.mean())  # the mask ends where `mood` is added
        after = {}
        for name, one in models.items():
            record, after[name] = fitted(one, data, tmp_path / name)
            assert record["loss"] == pytest.approx(losses[name], abs=1e-5)
        for name, array in after["torch"].items():
            assert abs(array - after["keras"][name]).max() < 1e-5, name


def test_each_is_right_or_its_own(tmp_path: Path) -> None:
    """Half of them, whatever drops: what it says is what it would write."""
    with programs(tmp_path, 1, "50%") as (models, data):
        inputs = [np.tile(array, (30, *[1] * (array.ndim - 1))) for array in data.train.inputs]
        for one in models.values():
            framework("torch").manual_seed(3)
            framework("keras").utils.set_random_seed(3)
            tokens, right = read(one, inputs), inputs[2]
            np.testing.assert_array_equal(tokens[:, 0], right[:, 0])
            np.testing.assert_array_equal(tokens[right == 0], 0)
            kept = total = 0
            for place in range(1, right.shape[1]):
                said = likeliest(one, [*inputs[:2], tokens], place)
                told = (right[:, place] != 0) & (said != right[:, place])
                own = tokens[told, place] == said[told]
                assert (own | (tokens[told, place] == right[told, place])).all()
                kept, total = kept + int((~own).sum()), total + int(told.sum())
            assert total > 400
            assert abs(kept / total - 0.5) < 0.07
