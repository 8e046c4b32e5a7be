"""Weights that begin with files, and weights that training leaves as they are, in both programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec import summary
from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.ir.task import Task
from seqspec.running.program import Program, load
from seqspec.running.twins import read_weights

BACKENDS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("keras", marks=pytest.mark.keras),
]
GIVEN = """
model M(x: float[B, T, 4]) -> float[B, 3] {{
    weight table: float[6, 5] = load("table.npy", trainable=false), offset: float[5] = load("o.npy")
    h = x -> gru(6, kernel_initializer=load("kernel.npy")) -> dense(5, kernel=table)
    h + offset -> dense(3)
}}
data d {{ source = npz("d.npz"), target = y }}
train M {{ data = d, loss = sparse_categorical_crossentropy, epochs = {epochs} }}
"""
WORDS = """
model M(name: token(9, pad=0)[B, T]) -> float[B, 2] {
    name -> embedding(4, embeddings_initializer=word_vectors("words.txt"), trainable=false)
         -> gru(3) -> dense(2)
}
data d { source = tsv("d.tsv", columns=[name, kind]), tokens = words(), target = kind }
train M { data = d, loss = sparse_categorical_crossentropy, epochs = 1 }
"""
#: The same table in a model that is called.
CALLED = WORDS.replace(
    "name -> embedding(4,",
    "name -> Words -> gru(3) -> dense(2)\n}\n"
    "model Words(name: token(9, pad=0)[B, T]) -> float[B, T, 4] {\n    name -> embedding(4,",
).replace("\n         -> gru(3) -> dense(2)", "")
FROZEN = """
encoder Big(x: float[B, T, 4]) -> float[B, T, 4] {
    x -> batch_norm -> gru(4, return=sequence)
}
model M(x: float[B, T, 4]) -> float[B, 3] {
    low = x -> Big
    cell = lstm(4, kernel_regularizer=l2(0.1), kernel_constraint=max_norm(0.1))
    both = low -> bidirectional(cell)
    both -> batch_norm -> dense(5) -> dense(3)
}
data d { source = npz("d.npz"), target = y }
train M {
    data = d, loss = sparse_categorical_crossentropy, epochs = 2
    optimizer = adamw(weight_decay=0.1, global_clipnorm=1)
    freeze = [low, both, batch_norm, dense/kernel]
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data and files of weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5, 4)).astype(np.float32)
    np.savez(tmp_path / "d.npz", x=x, y=rng.integers(0, 3, 40))
    for name, shape in (("table", (6, 5)), ("o", (5,)), ("kernel", (4, 18))):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=shape))
    names = [f"{a} {b}\t{k}\n" for a in "abc" for b in "abcd" for k in "xy"]
    (tmp_path / "d.tsv").write_text("".join(names))
    (tmp_path / "words.txt").write_text("3 4\na 1 2 3 4\nzebra 5 5 5 5\nc -1 0.5 0 2e1\n")
    return tmp_path


def checked(spec: str, folder: Path) -> Task:
    (folder / "spec.seq").write_text(spec)
    compilation = Compilation.of(folder / "spec.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    return compilation.task


@contextmanager
def program(spec: str, folder: Path, backend: str) -> Iterator[Program]:
    task = checked(spec, folder)
    there = folder / backend
    there.mkdir()
    for file in get(backend).lower(task):
        (there / file.path).write_text(file.text)
    loaded = load(there, backend)
    yield loaded
    loaded.close()


def trained(one: Program, folder: Path, model: Any, data: str) -> dict[str, np.ndarray]:
    """The last weights of a training."""
    dataset = one.module("data").load(folder / data)
    run = folder / "run"
    one.module("train").fit(model, dataset, run, report=lambda record: None)
    return read_weights(run / "last.safetensors")


def saved(one: Program, folder: Path, model: Any) -> dict[str, np.ndarray]:
    one.module("weights").save(model, folder / "now.safetensors")
    return read_weights(folder / "now.safetensors")


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_begin_with_arrays(folder: Path, backend: str) -> None:
    with program(GIVEN.format(epochs=1), folder, backend) as one:
        model = one.module("model").build_model()
        one.module("weights").load_given(model, folder=folder)
        first = saved(one, folder, model)
        for name, file in (
            ("table/value", "table"),
            ("offset/value", "o"),
            ("h_gru/kernel", "kernel"),
        ):
            np.testing.assert_array_equal(first[name], np.load(folder / f"{file}.npy").astype("f4"))
        last = trained(one, folder, model, "d.npz")
        np.testing.assert_array_equal(last["table/value"], first["table/value"])
        assert not np.array_equal(last["offset/value"], first["offset/value"])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"\x93NUMPY\x01\x00", "cannot read"),
        (np.zeros((5, 6)), "the model needs \\[6, 5\\]"),
        (np.full((6, 5), np.nan), "not finite"),
        (np.array([["a"]]), "no array of numbers"),
        (np.array([[{}]], dtype=object), "cannot read"),
    ],
)
def test_programs_refuse_other_files(
    folder: Path, backend: str, content: Any, message: str
) -> None:
    with program(GIVEN.format(epochs=1), folder, backend) as one:
        path = folder / "table.npy"
        path.unlink()
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            np.save(path, content, allow_pickle=True)
        weights = one.module("weights")
        with pytest.raises(weights.WeightsError, match=message):
            weights.load_given(one.module("model").build_model(), folder=folder)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("spec", "name"),
    [(WORDS, "embedding/embeddings"), (CALLED, "words/embedding/embeddings")],
    ids=["", "in a called model"],
)
def test_words_get_their_vectors(folder: Path, backend: str, spec: str, name: str) -> None:
    with program(spec, folder, backend) as one:
        model = one.module("model").build_model()
        drawn = saved(one, folder, model)[name]
        ids = one.module("data").load(folder / "d.tsv").vocabulary.ids
        (note,) = one.module("weights").load_given(model, ids, folder)
        assert note.startswith("2 of the 4 words of 'name'")
        table = trained(one, folder, model, "d.tsv")[name]
        given = {ids("name")["a"]: [1, 2, 3, 4], ids("name")["c"]: [-1, 0.5, 0, 20]}
        for row, vector in enumerate(table):
            np.testing.assert_array_equal(vector, np.asarray(given.get(row, drawn[row]), "f4"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("line", ["a 1 2 3", "a 1 2 3 four", "a 1 2 3 nan"])
def test_programs_refuse_other_vectors(folder: Path, backend: str, line: str) -> None:
    with program(WORDS, folder, backend) as one:
        (folder / "words.txt").write_text(f"b 1 1 1 1\n{line}\n")
        ids = one.module("data").load(folder / "d.tsv").vocabulary.ids
        weights = one.module("weights")
        with pytest.raises(weights.WeightsError, match="line 2"):
            weights.load_given(one.module("model").build_model(), ids, folder)


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_weights_stay(folder: Path, backend: str) -> None:
    with program(FROZEN, folder, backend) as one:
        model = one.module("model").build_model()
        first = saved(one, folder, model)
        last = trained(one, folder, model, "d.npz")
    moved = {name for name in first if not np.array_equal(first[name], last[name])}
    assert moved == {"dense/bias", "dense_1/kernel", "dense_1/bias"}


@pytest.mark.slow
def test_both_programs_train_the_rest_alike(folder: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    losses: list[list[float]] = []
    for backend in ("torch", "keras"):
        with program(FROZEN, folder, backend) as one:
            model, start = one.module("model").build_model(), folder / "start.safetensors"
            weights = one.module("weights")
            weights.save(model, start) if not start.exists() else weights.load(model, start)
            records: list[dict[str, float]] = []
            dataset = one.module("data").load(folder / "d.npz")
            one.module("train").fit(
                model, dataset, folder / f"run_{backend}", report=records.append
            )
            losses.append([record["loss"] for record in records])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_summary_shows_what_is_frozen(folder: Path) -> None:
    task = checked(FROZEN, folder)
    found = summary.of(task.graph, task.training)
    assert {row.name: row.trainable for row in found.rows} == {
        "low_big/batch_norm": 0,
        "low_big/gru": 0,
        "both_bidirectional": 0,
        "batch_norm": 0,
        "dense": 5,
        "dense_1": 18,
    }
    assert found.text().count("not trained") == 4


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("[]", ""),
        ("[low]", ""),
        ('["low_big/gru", both_bidirectional/forward]', ""),
        ("[batch_norm.gamma]", ""),
        ("[hose]", "SEQ625"),
        ("[dense/kernal]", "SEQ625"),
        ("[low_big, both, batch_norm, dense, dense_1]", "SEQ625"),
        ("[3]", "SEQ309"),
    ],
)
def test_names_of_what_is_frozen(folder: Path, names: str, code: str) -> None:
    spec = FROZEN.replace("[low, both, batch_norm, dense/kernel]", names)
    (folder / "spec.seq").write_text(spec)
    found = [d.code.number for d in Compilation.of(folder / "spec.seq").check()]
    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('load("o.npy")', 'load("kernel.npy")'), "SEQ429"),
        (("kernel_initializer", "recurrent_initializer"), "SEQ429"),
        (('load("kernel.npy")', 'load("d.tsv")'), "SEQ430"),
        (('load("kernel.npy")', 'word_vectors("words.txt")'), "SEQ309"),
        (('load("kernel.npy")', 'load("kernel.npy", trainable=false)'), "SEQ309"),
        (('load("kernel.npy")', 'load("kernle.npy")'), "SEQ431"),
    ],
)
def test_files_are_checked(folder: Path, change: tuple[str, str], code: str) -> None:
    spec = GIVEN.format(epochs=1).replace(*change)
    (folder / "spec.seq").write_text(spec)
    found = [d.code.number for d in Compilation.of(folder / "spec.seq").check()]
    assert code in found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("embedding(4", "embedding(5"), "SEQ429"),
        (("words.txt", "table.npy"), "SEQ430"),
        (("-> embedding(", "-> reverse -> embedding("), "SEQ430"),
    ],
)
def test_vectors_are_checked(folder: Path, change: tuple[str, str], code: str) -> None:
    (folder / "spec.seq").write_text(WORDS.replace(*change))
    found = [d.code.number for d in Compilation.of(folder / "spec.seq").check()]
    assert code in found


def test_vectors_are_of_one_vocabulary(folder: Path) -> None:
    """Each column has its own, so a table that two of them read has rows of no one's words."""
    spec = """
model M(name: token(9, pad=0)[B, T], more: token(9, pad=0)[B, S]) -> float[B, 2] {
    words = embedding(4, embeddings_initializer=word_vectors("words.txt"))
    concat(name -> words -> gru(3), more -> words -> gru(3)) -> dense(2)
}
data d { source = tsv("d.tsv", columns=[name, more, kind]), tokens = words(), target = kind }
train M { data = d, loss = sparse_categorical_crossentropy }
"""
    (folder / "d.tsv").write_text("a b\tc\tx\n" * 20)
    (folder / "spec.seq").write_text(spec)
    found = [d.message for d in Compilation.of(folder / "spec.seq").check()]
    assert any(message.startswith("`name` and `more` have a vocabulary each") for message in found)
