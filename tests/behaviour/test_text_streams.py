"""One long text, learnt in lanes with carried state: resumed, scored, written on from, stepped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import Program
from tests.behaviour.test_resume import outcome
from tests.matrix.trial import BACKENDS

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.keras]

SPEC = """
model Book(text: token(12)[B, T]) -> float[B, T, 12] {
    text -> embedding(4) -> gru(8, return=sequence, stateful=true) -> dropout(0.2)
        -> lstm(8, return=sequence, stateful=true) -> dense(12)
}
data book {
    source = text("book.txt")
    tokens = characters()
    batches = streams(chunk=20, lanes=4)
    target = next_step()
    memory = map
}
train Book {
    data = book, loss = sparse_categorical_crossentropy, metrics = [perplexity]
    optimizer = adam(learning_rate=0.02), epochs = 3, reset = never
}
generate Book { loop = text, limit = 20, pick = greedy() }
stream Book { input = text, output = output }
"""
PROMPT = "the sea "


@dataclass
class Trained:
    """A program and its runs; ``main`` is its command line."""

    program: Program
    folder: Path

    def main(self, *arguments: str) -> int:
        return int(self.program.module("run").main(list(arguments)))

    @property
    def weights(self) -> Path:
        return self.folder / "straight" / "best.safetensors"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Trained]]:
    folder = tmp_path_factory.mktemp("books")
    words = np.random.default_rng(0).choice(["the", "sea", "eats", "rest", "hats"], size=500)
    (folder / "book.txt").write_text(" ".join(words))
    (folder / "book.seq").write_text(SPEC)
    compilation = Compilation.of(folder / "book.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    found: dict[str, Trained] = {}
    for backend in BACKENDS:
        program = folder / backend
        program.mkdir()
        for file in compilation.files(backend):
            (program / file.path).write_text(file.text)
        found[backend] = Trained(Program(program, backend), program)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for backend, one in found.items():
            assert one.main("train", "--run", f"{backend}/straight") == 0
        yield found
    for one in found.values():
        one.program.close()


def scores(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What was printed last: a name and a number in each line."""
    lines = (line.split() for line in capsys.readouterr().out.splitlines())
    return {words[0]: float(words[1]) for words in lines if len(words) == 2}


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_learns_and_goes_on_as_if_it_had_not_stopped(
    books: Mapping[str, Trained], backend: str
) -> None:
    book = books[backend]
    assert book.main("train", "--run", f"{backend}/run", "--epochs", "1") == 0
    assert book.main("train", "--resume", f"{backend}/run", "--epochs", "3") == 0
    straight = outcome(book.folder / "straight")
    assert outcome(book.folder / "run") == straight
    losses = [record["val_loss"] for record in straight["records"]]
    assert losses[-1] < losses[0]
    lanes = np.frombuffer(straight["last.safetensors/state/lstm/c"], np.float32).reshape(4, 8)
    assert len(np.unique(lanes, axis=0)) == 4


def test_each_program_scores_the_weights_of_the_other(
    books: Mapping[str, Trained], capsys: pytest.CaptureFixture[str]
) -> None:
    for owner in books.values():
        found: list[dict[str, float]] = []
        for book in books.values():
            capsys.readouterr()
            assert book.main("evaluate", "--weights", str(owner.weights)) == 0
            found.append(scores(capsys))
        assert found[0].keys() == {"accuracy", "perplexity"}
        assert found[0] == pytest.approx(found[1], rel=1e-4)


def loaded(book: Trained, weights: Path) -> tuple[Any, Any]:
    """The model with weights, and the vocabulary kept with them."""
    model = book.program.module("model").build_model()
    kept = book.program.module("weights").load(model, weights)["vocabulary"]
    return model, book.program.module("data").Vocabulary.from_json(kept)


def whole(book: Trained, model: Any, ids: np.ndarray) -> np.ndarray:
    """What the model gives for sequences [B, T] that begin with a cleared state."""
    data = book.program.module("data")
    rows = len(ids) * ids.shape[1]
    first = np.arange(0, rows, ids.shape[1])
    lanes = [str(lane) for lane in range(len(ids))]
    steps = np.full(len(ids), ids.shape[1])
    stream = data.Stream((ids.reshape(-1),), tuple(lanes), first, steps)
    found = book.program.module("train").predict(model, stream, "cpu")
    return np.asarray(found).reshape(*ids.shape, -1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_written_is_that_of_a_loop_over_the_whole(
    books: Mapping[str, Trained], backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book, weights = books[backend], books["torch"].weights
    capsys.readouterr()
    assert book.main("generate", "--weights", str(weights), "--input", PROMPT) == 0
    written = capsys.readouterr().out.removesuffix("\n")
    model, vocabulary = loaded(book, weights)
    known, spelt = vocabulary.ids("text"), vocabulary.words("text")
    ids = [known[letter] for letter in PROMPT]
    for _ in range(20):
        ids.append(int(whole(book, model, np.array([ids]))[0, -1].argmax()))
    assert written == "".join(spelt[place] for place in ids)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_are_the_whole(books: Mapping[str, Trained], backend: str) -> None:
    book = books[backend]
    model, vocabulary = loaded(book, books["keras"].weights)
    known = vocabulary.ids("text")
    ids = np.array(
        [[known[letter] for letter in line] for line in ("the sea eats", "hats the hea")]
    )
    expected = whole(book, model, ids)
    stepper = book.program.module("stepper").Stepper(model)
    stepper.add(2)
    pieces = [stepper.feed(piece) for piece in np.split(ids, [1, 2, 7], axis=1)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected, atol=1e-5)
    kept = book.folder / "lanes.state"
    stepper.save(kept)
    other = books[{"torch": "keras", "keras": "torch"}[backend]]
    again = other.program.module("stepper").Stepper(loaded(other, books["keras"].weights)[0])
    again.load(kept)
    np.testing.assert_allclose(again.feed(ids[:, :3]), stepper.feed(ids[:, :3]), atol=1e-5)
