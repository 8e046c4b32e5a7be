"""A target that a model is given one step late, and what a trained one writes for held-out data."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.program import Program
from tests.matrix.trial import Array, built

pytestmark = [pytest.mark.torch, pytest.mark.keras]

START, STOP, SAMPLES = 1, 2, 12
RNG = np.random.default_rng(3)
LENGTHS = RNG.integers(1, 6, SAMPLES)  # of the targets, their end included
SOURCE = RNG.integers(3, 8, (SAMPLES, 4))
TARGETS = [np.append(RNG.integers(3, 7, n - 1), STOP) for n in LENGTHS]

SPEC = """
model Tell({source}, word: token(7{pad})[B, T]) -> float[B, T, 7] {{
    notes = source -> embedding(4) -> gru(6)
    word -> embedding(4) -> gru(6, initial=notes.state, return=sequence) -> dense(7)
}}
data words {{
    source = npz("words.npz"{lengths})
    target = answer
    split = random(train=50%, validation=20%, seed=1)
}}
train Tell {{
    data = words, loss = sparse_categorical_crossentropy, metrics = [accuracy]
    epochs = 1, batch_size = 4
}}
generate Tell {{ loop = word, start = 1, stop = 2, limit = 7 }}
"""


def padded(rows: list[Array], fill: int) -> Array:
    found = np.full((len(rows), max(map(len, rows))), fill)
    for row, kept in zip(rows, found, strict=True):
        kept[: len(row)] = row
    return found


#: how targets of lengths of their own are kept: the spec's words, and the arrays
KEPT: dict[str, tuple[dict[str, str], dict[str, Array]]] = {
    "an id pads": (
        {"pad": ", pad=0", "lengths": "", "source": "source: token(8)[B, S]"},
        {"answer": padded(TARGETS, 0)},
    ),
    "lengths beside padding": (
        {"pad": ", pad=lengths", "lengths": "", "source": "source: token(8)[B, S]"},
        {"answer": padded(TARGETS, 5), "word_lengths": LENGTHS},
    ),
    "one after another": (
        {"pad": ", pad=0", "lengths": ", lengths=long", "source": "source: token(8)[B, 4]"},
        {"answer": np.concatenate(TARGETS), "long": LENGTHS},
    ),
    "both of their own": (
        {
            "pad": ", pad=lengths",
            "lengths": ", lengths=[short, long]",
            "source": "source: token(8, pad=lengths)[B, S]",
        },
        {
            "source": SOURCE.reshape(-1),
            "short": np.full(SAMPLES, 4),
            "answer": np.concatenate(TARGETS),
            "long": LENGTHS,
        },
    ),
}


def written(folder: Path, words: Mapping[str, str], arrays: Mapping[str, Array]) -> Compilation:
    """The spec and its data in a folder."""
    data: dict[str, Any] = {"source": SOURCE, **arrays}
    np.savez(folder / "words.npz", **data)
    spec = folder / "words.seq"
    spec.write_text(SPEC.format(**words), encoding="utf-8")
    compilation = Compilation.of(spec)
    assert compilation.task is not None, [d.message for d in compilation.check()]
    return compilation


@contextmanager
def program(compilation: Compilation, folder: Path) -> Iterator[Program]:
    """The PyTorch program; ``data.py`` is the same in both."""
    place = folder / "torch"
    place.mkdir()
    for file in compilation.files("torch"):
        (place / file.path).write_text(file.text, encoding="utf-8")
    loaded = Program(place, "torch")
    yield loaded
    loaded.close()


@pytest.mark.parametrize("kept", KEPT)
def test_the_input_is_the_target_one_step_late(tmp_path: Path, kept: str) -> None:
    compilation = written(tmp_path, *KEPT[kept])
    with program(compilation, tmp_path) as loaded:
        data = loaded.module("data").load(tmp_path / "words.npz")
        part = data.train
        inputs, target = part.batch(np.arange(len(part)))
        order = np.sort(np.random.default_rng(1).permutation(SAMPLES)[:6])
        sources = 2 if "both" in kept else 1
        word = inputs[sources]
        for row, truth, place in zip(word, target, order, strict=True):
            wanted = TARGETS[place]
            np.testing.assert_array_equal(truth[: len(wanted)], wanted)
            np.testing.assert_array_equal(row[: len(wanted)], [START, *wanted[:-1]])
            if "pad=0" in KEPT[kept][0]["pad"]:
                assert not row[len(wanted) :].any(), "no step more than the target has is data"
        if len(inputs) > sources + 1:
            np.testing.assert_array_equal(inputs[-1], LENGTHS[order])
        again = loaded.module("data").inputs_for_prediction(tmp_path / "words.npz")
        np.testing.assert_array_equal(np.asarray(again[sources])[order][:, : word.shape[1]], word)


def test_an_array_of_its_name_is_taken_as_it_is(tmp_path: Path) -> None:
    words = {"pad": "", "lengths": "", "source": "source: token(8)[B, S]"}
    arrays = {"answer": RNG.integers(0, 7, (SAMPLES, 5)), "word": RNG.integers(0, 7, (SAMPLES, 5))}
    with program(written(tmp_path, words, arrays), tmp_path) as loaded:
        data = loaded.module("data").load(tmp_path / "words.npz")
        order = np.sort(np.random.default_rng(1).permutation(SAMPLES)[:6])
        np.testing.assert_array_equal(data.train.inputs[1], arrays["word"][order])


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["lengths beside padding", "both of their own"])
def test_what_is_written_is_compared_with_held_out_data(
    tmp_path: Path, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights are drawn so that some sequences end; the data is what the model then writes."""
    compilation = written(tmp_path, *KEPT[kept])
    with built(compilation, tmp_path) as models:
        one = models["torch"]
        file, weights = tmp_path / "words.npz", tmp_path / "w.safetensors"
        one.save(weights)
        options = {"weights": weights, "data": file, "limit": 7, "device": "cpu"}
        for other in models.values():
            other.load(weights)
            generate = other.program.module("generate")
            capsys.readouterr()
            generate.run(Namespace(input=[str(file)], **options))
            rows = capsys.readouterr().out.split("\n")[:-1]
            assert len(rows) == SAMPLES
            said = [np.array(row.split(), int) for row in rows]
            assert any(len(row) for row in said)
            _save(file, kept, [np.append(row, STOP) if len(row) < 7 else row for row in said])
            generate.run(Namespace(input=None, **options))
            assert capsys.readouterr().out == "4 of 4 are as they should be: 1.0000\n"
            _save(file, kept, [np.append(row[::-1], [4, STOP]) for row in said])
            generate.run(Namespace(input=None, **options))
            assert capsys.readouterr().out == "0 of 4 are as they should be: 0.0000\n"


def _save(file: Path, kept: str, rows: list[Array]) -> None:
    """Writes other targets into the file."""
    arrays: dict[str, Any] = {"source": SOURCE} | KEPT[kept][1]
    lengths = np.array([len(row) for row in rows])
    flat = "long" in arrays
    arrays["answer"] = np.concatenate(rows) if flat else padded(rows, 0)
    arrays["long" if flat else "word_lengths"] = lengths
    np.savez(file, **arrays)
