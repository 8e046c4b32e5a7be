"""Streams of one long text and of arrays, in the generated ``data.py``: lanes, chunks, targets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.backends import keras, torch
from seqspec.driver import Compilation
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


def test_what_nothing_is_learned_from_is_read_in_long_chunks(tmp_path: Path) -> None:
    data, dataset = loaded(tmp_path)
    stream = data.inputs_for_prediction(tmp_path / "t.txt", dataset.vocabulary)
    assert stream.longest == 4096
    (chunk,) = data.chunks(stream, longest=stream.longest)
    assert (chunk.steps, chunk.cleared.tolist()) == (600, [True])
    assert dataset.train.stream.longest == 1024, "as many rows, in more lanes"


def test_where_a_stream_is_cut_counts_for_some(tmp_path: Path) -> None:
    """A layer that begins anew in each chunk has to have the same chunks at all times."""
    given = {"tokens": "characters()", "lanes": "", "target": "next_step()", "memory": ""}
    spec = LANES.replace("-> dense(9)", "-> lstm(9, return=sequence) -> dense(9)")
    task = compiled(tmp_path, TEXT, spec=spec, size="", **given)
    assert not hasattr(program(task, tmp_path).Stream, "longest")
    for backend in (torch, keras):
        assert not any("longest=" in file.text for file in backend.lower(task))


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


def test_tokens_are_counted_by_name(tmp_path: Path) -> None:
    data, dataset = loaded(tmp_path)
    counts = data.class_counts(dataset)["text"]
    train, test = TEXT[1:360], TEXT[481:]
    assert counts["a"][0] == train.count("a") > 0
    assert counts["' '"] == [train.count(" "), TEXT[361:480].count(" "), test.count(" ")]
    assert counts["[UNK]"] == [0, 0, 100], "z is not among those of the training part"
    assert counts.keys() == {*"abcde", "' '", "[UNK]"}


# ---- arrays

ARRAYS = """
model M(x: float[B, T, 2], k: token(5)[B, T]) -> float[B, T, 2] {{
    concat(x, k -> embedding(3)) -> gru(4, return=sequence, stateful=true) -> dense(2)
}}
data d {{
    source = npz("a.npz"{lengths})
    split = {split}
    batches = streams(chunk=7{lanes})
    scale = standard()
    target = next_step(x)
    {memory}
}}
train M {{
    data = d, loss = mse, reset = epoch
}}
"""
DRAWN = np.random.default_rng(1)
ROWS = {"x": DRAWN.normal(3, 2, (120, 2)).astype(np.float32), "k": DRAWN.integers(0, 5, 120)}
LENGTHS = np.array([50, 0, 30, 40])
FORMS = {
    "one": (ROWS, [(0, 120)]),
    "axis": (
        {n: a.reshape(3, 40, *a.shape[1:]) for n, a in ROWS.items()},
        [(0, 40), (40, 80), (80, 120)],
    ),
    "lengths": (ROWS | {"n": LENGTHS}, [(0, 50), (50, 80), (80, 120)]),
}


def compilation(folder: Path, form: str, held: dict[str, Any], **given: str) -> Compilation:
    folder.mkdir(exist_ok=True)
    np.savez(folder / "a.npz", **held)
    wanted = {"lanes": "", "memory": "", "split": "chronological(train=60%, validation=20%)"}
    wanted |= {"lengths": ", lengths=n" if form == "lengths" else ""} | given
    (folder / "m.seq").write_text(ARRAYS.format(**wanted))
    return Compilation.of(folder / "m.seq")


def arrays(folder: Path, form: str, **given: str) -> Task:
    found = compilation(folder, form, FORMS[form][0], **given)
    assert found.task is not None, [d.message for d in found.diagnostics]
    return found.task


def read(folder: Path, form: str, **given: str) -> tuple[Any, Any]:
    data = program(arrays(folder, form, **given), folder)
    data.BLOCK = 50
    return data, data.load(folder / "a.npz")


def spans(form: str) -> list[tuple[int, int]]:
    """The training rows of each series."""
    return [(begin, begin + round(0.6 * (end - begin))) for begin, end in FORMS[form][1]]


@pytest.mark.parametrize("memory", ["whole", "map"])
@pytest.mark.parametrize("form", FORMS)
def test_each_series_of_arrays_is_a_lane(form: str, memory: str, tmp_path: Path) -> None:
    data, dataset = read(tmp_path, form, memory=f"memory = {memory}")
    trained = np.concatenate([ROWS["x"][begin:end] for begin, end in spans(form)]).astype(float)
    scaled = (ROWS["x"] - trained.mean(0)) / trained.std(0)
    series = sorted(spans(form), key=lambda span: span[0] - span[1])
    lanes: list[list[np.ndarray]] = [[] for _ in series]
    for chunk in data.chunks(dataset.train.stream):
        (x, k), target = dataset.train.batch(chunk)
        for lane, row in enumerate(np.concatenate([x, k[..., None], target], axis=-1)):
            lanes[lane].append(row)
    for lane, (begin, end) in zip(lanes, series, strict=True):
        found = np.concatenate(lane)
        np.testing.assert_allclose(found[:, :2], scaled[begin : end - 1], atol=1e-5)
        np.testing.assert_array_equal(found[:, 2], ROWS["k"][begin : end - 1])
        np.testing.assert_allclose(found[:, 3:], scaled[begin + 1 : end], atol=1e-5)
    if memory == "map":
        assert isinstance(dataset.train.target, np.memmap)


@pytest.mark.parametrize("form", ["axis", "lengths"])
def test_predictions_of_series_say_whose_they_are(form: str, tmp_path: Path) -> None:
    data, dataset = read(tmp_path, form, lanes=", lanes=2")
    stream, origins = data.inputs_for_prediction(tmp_path / "a.npz", dataset.scaling)
    np.testing.assert_array_equal(stream.rows, np.arange(120))
    numbers = [n for n, length in enumerate([40, 40, 40] if form == "axis" else LENGTHS, start=1)
               for _ in range(length)]  # fmt: skip
    assert [int(series) for series, _ in origins] == numbers
    ends = [end - 1 for _, end in FORMS[form][1]]
    assert [int(origins[end][1]) for end in ends] == [e - b for b, e in FORMS[form][1]]
    assert all(int(origins[begin][1]) == 1 for begin, _ in FORMS[form][1])


def test_whole_series_of_arrays_are_dealt_out(tmp_path: Path) -> None:
    split = "by_series(train=34%, validation=33%)"
    _, dataset = read(tmp_path, "axis", split=split, memory="memory = map")
    parts = (dataset.train, dataset.validation, dataset.test)
    assert [len(part) for part in parts] == [39, 39, 39]
    assert {part.stream.names for part in parts} == {("1",), ("2",), ("3",)}


def test_lengths_that_are_none(tmp_path: Path) -> None:
    data, _ = read(tmp_path, "lengths")
    for lengths, said in (
        ([50, 30, 30], "add up to 110 steps, but there are 120"),
        (
            [130, -10],
            "whole numbers, 0 or more",
        ),
    ):
        np.savez(tmp_path / "a.npz", **ROWS, n=np.array(lengths))
        with pytest.raises(data.DataError, match=said):
            data.load(tmp_path / "a.npz")


def test_programs_of_arrays_are_formatted_and_clean(tmp_path: Path) -> None:
    memories, lanes = ("", "memory = map"), ("", ", lanes=2")
    variants = [
        arrays(tmp_path, form, memory=memory, lanes=cut)
        for form in FORMS
        for memory, cut in zip(memories, lanes, strict=True)
    ]
    clean(tmp_path / "programs", *variants)


def said(of: Compilation) -> list[str]:
    """The messages of a spec that cannot be compiled."""
    assert of.task is None
    return [found.message for found in of.diagnostics]


def test_arrays_have_to_be_alike(tmp_path: Path) -> None:
    held = {"x": FORMS["axis"][0]["x"], "k": ROWS["k"]}
    (found,) = said(compilation(tmp_path, "axis", held))
    assert found == "`k` is token(5)[B, T], but the array `k` is [120]"


@pytest.mark.parametrize(
    ("form", "given", "wanted"),
    [
        ("one", {"split": "by_series()"}, "`by_series` deals out whole series"),
        ("axis", {"split": "random()"}, "`random` would draw single rows"),
        ("axis", {"memory": "missing = forward_fill"}, "would fill one sequence out of another"),
        ("one", {"lengths": ", lengths=[n, m]"}, "have one array of lengths"),
        ("one", {"lengths": ", lengths=n"}, "has no array called `n`"),
    ],
)
def test_what_arrays_cannot_be(
    form: str, given: dict[str, str], wanted: str, tmp_path: Path
) -> None:
    (found,) = said(compilation(tmp_path, form, FORMS[form][0], **given))
    assert wanted in found
