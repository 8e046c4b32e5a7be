"""One text too large for memory: the same windows as from memory, and a bound on what is held."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from tests.behaviour.data_tasks import program
from tests.behaviour.test_data_program import clean
from tests.behaviour.test_data_texts import compiled

WORDS = ["sea", "Sea,", "\u039f\u03a3", "deep.", "\u0130l", "a", "WAVE", "unseen"]
DRAWN = np.random.default_rng(0).integers(0, 7, 2000)
TEXT = "\ufeff" + "".join(WORDS[i] + (" " if n % 9 else "\r\n") for n, i in enumerate(DRAWN))
TEXT += " ".join(["unseen"] * 90)
CUTS = [
    f"{unit}(standardize={how})"
    for unit in ("words", "characters")
    for how in ("none", "lower", "lower_and_strip_punctuation")
]


def reading(folder: Path, tokens: str, memory: str = "map", text: str = TEXT) -> Task:
    folder.mkdir(exist_ok=True)
    return compiled(
        folder,
        text,
        inputs="text: token(9)[B, T]",
        output="float[B, T, 9]",
        body="text -> embedding(3) -> gru(4, return=sequence) -> dense(9)",
        source='text("t.txt")',
        tokens=tokens,
        target="next_step()",
        settings=f"windows = sliding(steps=6, stride=2)\n    memory = {memory}",
    )


def mapped(folder: Path, tokens: str = "words()", **given: str) -> Any:
    data = program(reading(folder, tokens, **given), folder)
    data.BLOCK = 50
    return data


@pytest.mark.parametrize("tokens", CUTS)
def test_a_text_is_as_in_memory(tokens: str, tmp_path: Path) -> None:
    data, path = mapped(tmp_path, tokens), tmp_path / "t.txt"
    plain = program(reading(tmp_path / "whole", tokens, "whole"), tmp_path / "whole")
    expected = plain.load(path)
    for _ in range(2):  # converted, then found
        found = data.load(path)
        assert found.vocabulary.known == expected.vocabulary.known
        for name in ("train", "validation", "test"):
            one, other = getattr(found, name), getattr(expected, name)
            assert len(one) == len(other) > 0
            generators = np.random.default_rng(0), np.random.default_rng(0)
            batches = data.batches(one, 16, generators[0]), plain.batches(other, 16, generators[1])
            for (inputs, target), (wanted, after) in zip(*batches, strict=True):
                np.testing.assert_array_equal(inputs[0], wanted[0])
                np.testing.assert_array_equal(target, after)
                assert (inputs[0].dtype, target.dtype) == (wanted[0].dtype, after.dtype)
        np.testing.assert_array_equal(
            data.inputs_for_prediction(path, found.vocabulary)[0],
            plain.inputs_for_prediction(path, expected.vocabulary)[0],
        )
    assert len(list(tmp_path.glob("t.txt.*.numbers"))) == 1


def test_a_changed_text_is_numbered_again(tmp_path: Path) -> None:
    data, path = mapped(tmp_path), tmp_path / "t.txt"
    data.load(path)
    path.write_text("other words " * 300)
    assert data.load(path).vocabulary.known == {"text": ["other", "words"]}


def test_mistakes_leave_nothing(tmp_path: Path) -> None:
    data, path = mapped(tmp_path), tmp_path / "t.txt"
    path.write_bytes(b"fine words\n" * 100 + b"\xff\xfe\n")
    with pytest.raises(data.DataError, match="line 101 is not UTF-8 text"):
        data.load(path)
    path.write_text(" \n ")
    with pytest.raises(data.DataError, match="holds no words"):
        data.load(path)
    with pytest.raises(data.DataError, match="cannot read"):
        data.load(tmp_path / "absent.txt")
    assert list(tmp_path.glob("*numbers*")) == []


@pytest.mark.parametrize("tokens", ["words()", "characters(standardize=none)"])
def test_memory_is_bounded(tokens: str, tmp_path: Path) -> None:
    text = "some words and more " * 50_000
    data, path = mapped(tmp_path, tokens, text=text), tmp_path / "t.txt"
    data.BLOCK = 10_000
    tracemalloc.start()
    try:
        dataset = data.load(path)
        inputs, _ = dataset.train.batch(np.arange(64))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert inputs[0].shape == (64, 6)
    assert peak < len(text) * 2, f"{peak:,} bytes held of a text of {len(text):,}"


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    clean(tmp_path / "programs", *(reading(tmp_path, tokens) for tokens in CUTS))
