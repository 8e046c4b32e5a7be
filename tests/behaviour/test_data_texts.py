"""Texts in the generated ``data.py``: cut, numbered by the training part, explained where wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.ir.task import Task
from tests.behaviour.data_tasks import program

SPEC = """
model M({inputs}) -> {output} {{
    {body}
}}
data d {{
    source = {source}
    tokens = {tokens}
    target = {target}
    split = chronological(train=60%, validation=20%)
    {settings}
}}
train M {{
    data = d, loss = sparse_categorical_crossentropy, batch_size = 4
}}
"""

NAMES = [
    ("abba", "north"), ("bab", "north"), ("cc", "south"), ("a", "north"), ("cac", "south"),
    ("abc", "south"), ("zb", "north"), ("c", "south"), ("dad", "north"), ("aaaa", "south"),
]  # fmt: skip


def lines(*rows: tuple[str, ...]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def compiled(folder: Path, text: str, **given: str) -> Task:
    """A task whose data is a file of this text."""
    (folder / "t.txt").write_bytes(text.encode())
    wanted = {
        "inputs": "name: token(5, pad=0)[B, T]",
        "output": "float[B, 2]",
        "body": "name -> embedding(3) -> gru(4) -> dense(2)",
        "source": 'tsv("t.txt", columns=[name, part])',
        "tokens": "characters()",
        "target": "part",
        "settings": "",
    }
    given = wanted | given
    (folder / "m.seq").write_text(given.pop("spec", SPEC).format(**given))
    compilation = Compilation.of(folder / "m.seq")
    task = compilation.task
    assert task is not None, [f"{d.code.number} {d.message}" for d in compilation.diagnostics]
    return task


def data_of(folder: Path, text: str = lines(*NAMES), **given: str) -> Any:
    data = program(compiled(folder, text, **given), folder)
    data.DATA_PATH = folder / "t.txt"
    return data


def tagging(folder: Path, text: str, **given: str) -> Any:
    wanted = {
        "inputs": "words: token(6, pad=0)[B, T]",
        "output": "float[B, T, 3]",
        "body": "words -> embedding(3) -> gru(4, return=sequence) -> dense(3)",
        "source": 'tsv("t.txt", columns=[words, tags])',
        "tokens": "words()",
        "target": "tags",
    }
    return data_of(folder, text, **wanted | given)


def test_ids_are_ranked_by_the_training_part_alone(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    dataset = data.load(data.DATA_PATH)
    # Six lines train: a 6, b 5, c 5 (at one count, by the alphabet); d and z are not among them.
    assert dataset.vocabulary.known == {"name": ["a", "b", "c"], "part": ["north", "south"]}
    (name,), part = dataset.train.batch(np.array([0, 2]))
    assert name.tolist() == [[2, 3, 3, 2], [4, 4, 0, 0]]
    assert part.tolist() == [0, 1]
    (name,), _ = dataset.validation.batch(np.array([0]))
    assert name.tolist() == [[1, 3]], "z is not known"
    (name,), _ = dataset.test.batch(np.array([0]))
    assert name.tolist() == [[1, 2, 1]]


def test_no_more_tokens_than_ids(tmp_path: Path) -> None:
    data = data_of(tmp_path, inputs="name: token(4, pad=0)[B, T]")
    dataset = data.load(data.DATA_PATH)
    assert dataset.vocabulary.known["name"] == ["a", "b"]
    (name,), _ = dataset.train.batch(np.array([2]))
    assert name.tolist() == [[1, 1]]


def test_the_vocabulary_is_kept_and_used_for_other_files(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    kept = data.load(data.DATA_PATH).vocabulary.to_json()
    vocabulary = data.Vocabulary.from_json(kept)
    other = tmp_path / "other.txt"
    other.write_text("ccccc\nq\n")
    (name,) = data.inputs_for_prediction(other, vocabulary)
    assert np.asarray(name).tolist() == [[4, 4, 4, 4, 4], [1, 0, 0, 0, 0]]
    (name,) = data.inputs_for_prediction(data.DATA_PATH, vocabulary)
    assert len(name) == 10, "a file with its labels can be predicted as well"
    out = tmp_path / "out.csv"
    data.write_predictions(out, np.array([[2.0, 1.0], [0.0, 1.0]]), vocabulary)
    assert out.read_text().split() == ["part", "north", "south"]


def test_lengths_stand_beside_their_input(tmp_path: Path) -> None:
    data = data_of(tmp_path, inputs="name: token(5, pad=lengths)[B, T]")
    dataset = data.load(data.DATA_PATH)
    (name, lengths), _ = dataset.train.batch(np.array([0, 2]))
    assert name.tolist() == [[2, 3, 3, 2], [4, 4, 0, 0]]
    assert lengths.tolist() == [4, 2]
    assert lengths.dtype == np.int64
    found = data.inputs_for_prediction(data.DATA_PATH, dataset.vocabulary)
    assert found[1].tolist() == [len(name) for name, _ in NAMES]


def test_a_rare_label_is_known_wherever_it_is(tmp_path: Path) -> None:
    data = data_of(tmp_path, "ab\tsouth\n" * 8 + "zz\tnorth\n" * 2)
    dataset = data.load(data.DATA_PATH)
    assert dataset.vocabulary.known == {"name": ["a", "b"], "part": ["north", "south"]}
    assert dataset.train.target.tolist() == [1] * 6
    assert dataset.test.target.tolist() == [0, 0]


def test_a_label_that_the_checkpoint_does_not_know_is_told(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    vocabulary = data.load(data.DATA_PATH).vocabulary
    data.DATA_PATH.write_text("ab\teast\n" * 9)
    with pytest.raises(data.DataError, match="'east' of column 'part' is none of the known ones"):
        data.load(data.DATA_PATH, vocabulary)


def weighed(folder: Path, text: str, loss: str, **given: str) -> Any:
    fields = SPEC.replace("loss = sparse_categorical_crossentropy", f"loss = {loss}")
    wanted = {"source": 'tsv("t.txt", columns=[words, tags, sure])', "spec": fields}
    return tagging(folder, text, **wanted | given)


WEIGHED = lines(*[("the dog runs", "D N V", "1"), ("a cat", "D N", "2.5"), ("it", "N", "0")] * 4)


def test_classes_of_steps_weigh_and_padding_does_not(tmp_path: Path) -> None:
    loss = "sparse_categorical_crossentropy(class_weight=[1, 2, 4])"
    data = weighed(tmp_path, WEIGHED, loss)
    _, tags, weight = data.load(data.DATA_PATH).train.batch(np.arange(3))
    assert tags.tolist() == [[0, 1, 2], [0, 1, 0], [1, 0, 0]]
    assert weight.tolist() == [[1, 2, 4], [1, 2, 0], [2, 0, 0]]


def test_lines_weigh_besides_their_classes(tmp_path: Path) -> None:
    loss = "sparse_categorical_crossentropy(class_weight=[1, 2, 4], sample_weight=sure)"
    data = weighed(tmp_path, WEIGHED, loss)
    *_, weight = data.load(data.DATA_PATH).train.batch(np.arange(3))
    assert weight.tolist() == [[1, 2, 4], [2.5, 5, 0], [0, 0, 0]]


def test_lines_weigh(tmp_path: Path) -> None:
    data = weighed(tmp_path, WEIGHED, "sparse_categorical_crossentropy(sample_weight=sure)")
    dataset = data.load(data.DATA_PATH)
    *_, weight = dataset.train.batch(np.arange(3))
    assert weight.tolist() == [[1], [2.5], [0]]
    assert dataset.vocabulary.known.keys() == {"words", "tags"}


def test_balanced_counts_the_steps_of_the_training_part(tmp_path: Path) -> None:
    data = weighed(tmp_path, WEIGHED, "sparse_categorical_crossentropy(class_weight=balanced)")
    *_, weight = data.load(data.DATA_PATH).train.batch(np.arange(3))
    # Seven lines of twelve train: D 5, N 7, V 3 of 15.
    expected = [[15 / 15, 15 / 21, 15 / 9], [1, 15 / 21, 0], [15 / 21, 0, 0]]
    np.testing.assert_allclose(weight, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("much", "line 2: 'much' in column 'sure' is no number"),
        ("nan", "line 2: 'nan' in column 'sure' is no number"),
        ("-1", "column 'sure' holds -1: no weight is below zero"),
    ],
)
def test_weights_that_are_none_are_explained(tmp_path: Path, weight: str, message: str) -> None:
    text = lines(("a", "D", "1"), ("a", "D", weight)) + lines(("a", "D", "1")) * 8
    data = weighed(tmp_path, text, "sparse_categorical_crossentropy(sample_weight=sure)")
    with pytest.raises(data.DataError, match=message):
        data.load(data.DATA_PATH)


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{}",
        json.dumps({"name": 3, "part": []}),
        json.dumps({"name": ["a"] * 4, "part": ["x"]}),
        json.dumps({"name": ["a"], "part": ["x", "y", "z"]}),
    ],
)
def test_another_vocabulary_is_refused(tmp_path: Path, kept: str) -> None:
    data = data_of(tmp_path)
    with pytest.raises(data.DataError, match="vocabulary"):
        data.Vocabulary.from_json(kept)


def test_tags_go_with_their_words(tmp_path: Path) -> None:
    text = lines(*[("The dog runs", "D N V"), ("a Cat", "D N"), ("the cat", "D N")] * 4)
    data = tagging(tmp_path, text, tokens="words(standardize=lower)")
    dataset = data.load(data.DATA_PATH)
    assert dataset.vocabulary.known["words"] == ["the", "cat", "dog", "runs"]
    assert dataset.vocabulary.known["tags"] == ["D", "N", "V"], "labels stay as they are written"
    (words,), tags = dataset.train.batch(np.array([0, 1]))
    assert words.tolist() == [[2, 4, 5], [1, 3, 0]]
    assert tags.tolist() == [[0, 1, 2], [0, 1, 0]]
    assert dataset.train.target.lengths.tolist() == dataset.train.inputs[0].lengths.tolist()


def test_ends_shift_a_text_by_one(tmp_path: Path) -> None:
    data = data_of(
        tmp_path,
        inputs="name: token(7, pad=0)[B, T]",
        output="float[B, T, 7]",
        body="name -> embedding(3) -> gru(4, return=sequence) -> dense(7)",
        tokens="characters(ends=true, max_length=3)",
        target="next_step()",
    )
    dataset = data.load(data.DATA_PATH)
    (name,), after = dataset.train.batch(np.array([0, 3]))
    assert name.tolist() == [[2, 4, 5, 5], [2, 4, 0, 0]]
    assert after.tolist() == [[4, 5, 5, 3], [4, 3, 0, 0]]
    assert dataset.vocabulary.words("name") == ["[PAD]", "[UNK]", "[START]", "[END]", "a", "b", "c"]


def test_a_word_as_a_whole_stands_beside_a_text(tmp_path: Path) -> None:
    """Fields are told apart by their order in the file, not by that of the inputs."""
    data = data_of(
        tmp_path,
        inputs="part: token(6)[B], name: token(7, pad=0)[B, T]",
        output="float[B, T, 7]",
        body="name -> embedding(3) -> gru(4, initial=[part -> embedding(4)], return=sequence)"
        " -> dense(7)",
        tokens="characters(ends=true, max_length=3)",
        target="next_step(name)",
    )
    dataset = data.load(data.DATA_PATH)
    assert dataset.vocabulary.known["part"] == ["north", "south"]
    (part, name), after = dataset.train.batch(np.array([0, 3]))
    assert part.tolist() == [4, 4]
    assert name.tolist() == [[2, 4, 5, 5], [2, 4, 0, 0]]
    assert after.tolist() == [[4, 5, 5, 3], [4, 3, 0, 0]]


def test_one_long_text_is_cut_into_windows(tmp_path: Path) -> None:
    data = data_of(
        tmp_path,
        "One two two.\nThree, two!\r\n" * 5,
        inputs="text: token(6)[B, T]",
        output="float[B, T, 6]",
        body="text -> embedding(3) -> gru(4, return=sequence) -> dense(6)",
        source='text("t.txt")',
        tokens="words(standardize=lower_and_strip_punctuation)",
        target="next_step()",
        settings="windows = sliding(steps=2, stride=2)",
    )
    dataset = data.load(data.DATA_PATH)
    assert dataset.vocabulary.known == {"text": ["two", "one", "three"]}
    (text,), after = dataset.train.batch(np.arange(3))
    assert text.tolist() == [[3, 2], [2, 4], [2, 3]]
    assert after.tolist() == [[2, 2], [4, 2], [3, 2]]
    (windows,) = data.inputs_for_prediction(data.DATA_PATH, dataset.vocabulary)
    assert len(windows) == 24, "each step has a window, whatever the stride"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no lines"),
        (b"\n\n", "holds no lines"),
        (b"ab\tnorth\n\ncd\tsouth\n", "line 2 is empty"),
        (b"ab\tnorth\nab\n", "line 2: 1 fields, but there should be 2"),
        (b"ab\tnorth\tb\n", "line 1: 3 fields, but there should be 2"),
        (b"ab\tnorth\n\tsouth\n", "line 2: column 'name' has no character"),
        (b"ab\tnorth\ncd\t \n", "line 2: column 'part' is empty"),
        (b"ab\tnorth\n\xff\xfe\tsouth\n", "line 2 is not UTF-8 text: byte 1"),
        (b"ab\tnorth\n" + b"x" * 1_000_001 + b"\tsouth\n", "line 2 is longer than a million bytes"),
        (b"ab\tnorth\n" * 3, "part of .* is empty"),
        (b"".join(b"ab\tn%d\n" % n for n in range(9)), "9 labels, but the model gives 2"),
    ],
)
def test_files_that_cannot_be_used_are_explained(
    tmp_path: Path, content: bytes, message: str
) -> None:
    data = data_of(tmp_path)
    data.DATA_PATH.write_bytes(content)
    with pytest.raises(data.DataError, match=message):
        data.load(data.DATA_PATH)


def test_files_that_are_not_there_or_no_files_are_explained(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(data.DataError, match="cannot read"):
            data.load(path)


def test_line_ends_and_byte_order_marks_are_no_text(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    data.DATA_PATH.write_bytes(b"\xef\xbb\xbf" + lines(*NAMES).replace("\n", "\r\n").encode())
    assert data.load(data.DATA_PATH).vocabulary.known["name"] == ["a", "b", "c"]


def test_words_without_a_tag_are_found(tmp_path: Path) -> None:
    text = lines(("the dog", "D N"), ("the dog runs", "D N"), ("a", "D"), ("a", "D"), ("a", "D"))
    data = tagging(tmp_path, text)
    with pytest.raises(data.DataError, match=r"line 2: .*'words': 3, 'tags': 2"):
        data.load(data.DATA_PATH)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"tokens": "characters()", "settings": "scale = standard()"}, "SEQ309"),
        ({"settings": "missing = drop"}, "SEQ309"),
        ({"settings": "windows = sliding(steps=3)"}, "SEQ309"),
        ({"source": 'text("t.txt")', "target": "next_step()"}, "SEQ613"),
        ({"source": 'tsv("t.txt", columns=[name])'}, "SEQ614"),
        ({"source": 'tsv("t.txt", columns=[name, where])'}, "SEQ602"),
        ({"source": 'tsv("t.txt", columns=[other, extra])', "target": "extra"}, ""),
        ({"inputs": "name: token(2, pad=0)[B, T]"}, "SEQ309"),
        ({"inputs": "name: token(5, pad=1)[B, T]"}, "SEQ309"),
        ({"inputs": "name: token(5, pad=0)[B, 4]"}, "SEQ603"),
        ({"inputs": "name: token(5)[B, T]"}, "SEQ630"),
        ({"inputs": "name: float[B, T, 3]", "body": "name -> gru(4) -> dense(2)"}, "SEQ603"),
    ],
)
def test_specs_that_cannot_be_meant(tmp_path: Path, given: dict[str, str], code: str) -> None:
    if not code:
        compiled(tmp_path, lines(*NAMES), **given)
        return
    with pytest.raises(AssertionError, match=code):
        compiled(tmp_path, lines(*NAMES), **given)


def test_several_outputs_of_tokens_and_of_labels(tmp_path: Path) -> None:
    spec = """
    model M(name: token(6, pad=0)[B, T], more: token(6, pad=0)[B, S])
        -> (after: float[B, T, 6], part: float[B, 2], size: float[B, 2])
    {{
        after = name -> embedding(3) -> gru(4, return=sequence) -> dense(6)
        h = more -> embedding(3) -> gru(4)
        part = h -> dense(2)
        size = h -> dense(2)
    }}
    data d {{
        source = tsv("t.txt", columns=[name, more, part, sure, often])
        tokens = characters()
        split = chronological(train=60%, validation=20%)
    }}
    train M {{
        data = d
        loss = sparse_categorical_crossentropy(after, next_step([name]), sample_weight=often)
             + sparse_categorical_crossentropy(part, sample_weight=sure)
             + sparse_categorical_crossentropy(size, target.part, class_weight=[1, 2])
    }}
    """
    text = lines(*[("abb", "c", "north", "1", "2"), ("ba", "dc", "south", "0.5", "3")] * 5)
    data = data_of(tmp_path, text, spec=spec)
    dataset = data.load(data.DATA_PATH)
    known = {"name": ["b", "a"], "more": ["c", "d"], "part": ["north", "south"]}
    assert dataset.vocabulary.known == known
    (name, more), (after, part, size), (often, sure, third) = dataset.train.batch(np.arange(2))
    assert (name.tolist(), after.tolist()) == ([[3, 2], [2, 0]], [[2, 2], [3, 0]])
    assert (more.tolist(), part.tolist(), size.tolist()) == ([[2, 0], [3, 2]], [0, 1], [0, 1])
    assert (often.tolist(), sure.tolist(), third.tolist()) == ([[2], [3]], [1, 0.5], [1, 2])
    assert data.class_counts(dataset)["part"] == {"north": [3, 1, 1], "south": [3, 1, 1]}
    told = (data.Ragged(np.eye(6)[[2, 1, 5]], np.array([2, 1])), np.eye(2), np.eye(2))
    data.write_predictions(tmp_path / "out.csv", told, dataset.vocabulary)
    wanted = [
        "sample,step,after,part,size",
        "1,1,b,north,north",
        "1,2,[UNK],,",
        "2,1,5,south,south",
    ]
    assert (tmp_path / "out.csv").read_text().split() == wanted
    kept = data.Vocabulary.from_json(dataset.vocabulary.to_json())
    assert kept.words("part") == ["north", "south"]
    data.DATA_PATH.write_text(text + "a\tc\tnorth\t1\t1\n")
    with pytest.raises(data.DataError, match="line 11: column 'name' has too few characters"):
        data.load(data.DATA_PATH)
