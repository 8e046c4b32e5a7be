"""Streams of one long text and of arrays, in the generated ``data.py``: lanes, chunks, targets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.ir.task import Task
from tests.behaviour.data_tasks import program
from tests.behaviour.test_data_program import clean
from tests.behaviour.test_data_texts import compiled

TEXT = "".join(np.random.default_rng(0).choice(list("abcd e"), size=500)) + "z" * 100
LANES = """
model M(text: token(9)[B, T]) -> float[B, T, 9] {{
    text -> embedding(3) -> gru(4, return=sequence, stateful=true) -> dense(9)
}}
data d {{
    source = text("t.txt")
    tokens = {tokens}
    split = chronological(train=60%, validation=20%)
    batches = streams(chunk=7{lanes})
    target = {target}
    {memory}
}}
train M {{
    data = d, loss = sparse_categorical_crossentropy, reset = epoch
    {size}
}}
"""


def reading(folder: Path, text: str = TEXT, **given: str) -> Task:
    folder.mkdir(exist_ok=True)
    wanted = {"tokens": "characters()", "lanes": ", lanes=4", "target": "next_step()"}
    wanted |= {"memory": "", "size": ""} | given
    return compiled(folder, text, spec=LANES, **wanted)


def loaded(folder: Path, **given: str) -> tuple[Any, Any]:
    data = program(reading(folder, **given), folder)
    return data, data.load(folder / "t.txt")


def test_each_lane_goes_on_where_it_ended(tmp_path: Path) -> None:
    data, dataset = loaded(tmp_path)
    ids = dataset.vocabulary.encode({"text": list(TEXT)})["text"]
    assert 1 not in ids[:360], "made of the training part"
    assert set(ids[500:].tolist()) == {1}, "z is in no other part than the test part"
    chunks = data.chunks(dataset.train.stream)
    assert [chunk.steps for chunk in chunks[:12]] == [7] * 12
    lanes: list[list[np.ndarray]] = [[] for _ in range(4)]
    after: list[list[np.ndarray]] = [[] for _ in range(4)]
    for number, chunk in enumerate(chunks):
        (given,), target = dataset.train.batch(chunk)
        assert given.shape == target.shape == (len(chunk.first), chunk.steps)
        assert chunk.cleared.tolist() == [number == 0] * len(chunk.first)
        for lane, row, following in zip(range(*chunk.lanes.indices(4)), given, target, strict=True):
            lanes[lane].append(row)
            after[lane].append(following)
    first = dataset.train.stream.first
    for lane in range(4):
        read = np.concatenate(lanes[lane])
        start, end = first[lane], first[lane] + len(read)
        np.testing.assert_array_equal(read, ids[start:end])
        np.testing.assert_array_equal(np.concatenate(after[lane]), ids[start + 1 : end + 1])
    lengths = sorted(sum(map(len, lane)) for lane in lanes)
    assert (sum(lengths), lengths[-1] - lengths[0]) == (359, 1)


def test_a_file_is_read_in_one_lane(tmp_path: Path) -> None:
    data, dataset = loaded(tmp_path)
    stream = data.inputs_for_prediction(tmp_path / "t.txt", dataset.vocabulary)
    np.testing.assert_array_equal(stream.rows, np.arange(600))
    rows = [chunk.rows for chunk in data.chunks(stream)]
    assert {len(chunk) for chunk in rows} == {1}
    for one, two in pairwise(rows):
        assert one[0, -1] + 1 == two[0, 0]
    out = tmp_path / "out.csv"
    data.write_predictions(out, np.eye(9)[[2, 3]], dataset.vocabulary)
    assert out.read_text().splitlines() == ["text", *dataset.vocabulary.known["text"][:2]]


@pytest.mark.parametrize("tokens", ["characters()", "words(standardize=lower)"])
def test_a_text_is_as_in_memory(tokens: str, tmp_path: Path) -> None:
    (data, mapped), (plain, whole) = (
        loaded(tmp_path / memory, tokens=tokens, memory=f"memory = {memory}", lanes="")
        for memory in ("map", "whole")
    )
    assert mapped.vocabulary.known == whole.vocabulary.known
    for name in ("train", "validation", "test"):
        one, other = getattr(mapped, name), getattr(whole, name)
        found = data.chunks(one.stream), plain.chunks(other.stream)
        for chunk, same in zip(*found, strict=True):
            for array, wanted in zip(one.batch(chunk), other.batch(same), strict=True):
                np.testing.assert_array_equal(array, wanted)
    assert isinstance(mapped.train.target, np.memmap)


def test_what_is_too_short(tmp_path: Path) -> None:
    data, _ = loaded(tmp_path, lanes=", lanes=400")  # more lanes than steps: some have none
    (tmp_path / "t.txt").write_text("abcde")
    with pytest.raises(data.DataError, match="there is no character with one after it"):
        data.load(tmp_path / "t.txt")
    (tmp_path / "t.txt").write_text("ab")
    with pytest.raises(data.DataError, match=r"the test part of .* is empty"):
        data.load(tmp_path / "t.txt")


def test_programs_are_formatted_and_clean(tmp_path: Path) -> None:
    variants = [
        {},
        {"lanes": ""},
        {"memory": "memory = map", "tokens": "words(standardize=lower)"},
        {"target": "same_step()", "size": "batch_size = 2"},
    ]
    clean(tmp_path / "programs", *(reading(tmp_path, **given) for given in variants))
