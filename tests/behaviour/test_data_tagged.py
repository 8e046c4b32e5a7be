"""Words that have a tag each: how files hold them, and what is wrong with those that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.behaviour.test_data_texts import SPEC, data_of, tagging

TAGGED = "The/D dog/N runs/V\na/D and/or/N\n" * 5
ROWS = "The D\ndog\tN\nruns V\n\n\na D\nand/or N\n\n" * 5
SOURCES = {"tagged": (TAGGED, "tagged"), "rows": (ROWS, "conll"), "no end": (ROWS[:-2], "conll")}


def source(reader: str, more: str = "") -> str:
    return f'{reader}("t.txt", columns=[words, tags]{more})'


@pytest.mark.parametrize("name", SOURCES)
def test_words_and_tags_are_taken_apart(tmp_path: Path, name: str) -> None:
    text, reader = SOURCES[name]
    data = tagging(tmp_path, text, source=source(reader))
    dataset = data.load(data.DATA_PATH)
    known = {"words": ["The", "a", "and/or", "dog"], "tags": ["D", "N", "V"]}
    assert dataset.vocabulary.known == known, "the last separator stands before the tag"
    (words,), tags = dataset.train.batch(np.array([0, 1]))
    assert words.tolist() == [[2, 5, 1], [3, 4, 0]]
    assert tags.tolist() == [[0, 1, 2], [0, 1, 0]]


def test_any_character_stands_before_a_tag(tmp_path: Path) -> None:
    text = TAGGED.replace("/", "_").replace("and_or", "and/or")
    data = tagging(tmp_path, text, source=source("tagged", ', separator="_"'))
    assert "and/or" in data.load(data.DATA_PATH).vocabulary.known["words"]


@pytest.mark.parametrize(
    ("reader", "text", "words", "bare"),
    [
        ("tagged", TAGGED, "a/D dog/N\nruns/V\n", "a dog\nruns\n"),
        ("conll", ROWS, "a D\ndog N\n\nruns V\n", "a\ndog\n\nruns\n"),
    ],
)
def test_words_to_predict_for_may_lack_their_tags(
    tmp_path: Path, reader: str, text: str, words: str, bare: str
) -> None:
    data = tagging(tmp_path, text, source=source(reader))
    vocabulary = data.load(data.DATA_PATH).vocabulary
    for content in (words, bare):
        (tmp_path / "new.txt").write_text(content)
        (ids,) = data.inputs_for_prediction(tmp_path / "new.txt", vocabulary)
        assert np.asarray(ids).tolist() == [[3, 5], [1, 0]]


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        ("tagged", "a/D\ndog/N runs\n", "line 2: 'runs' is no word with a tag after '/'"),
        ("tagged", "a/D\n/N\n", "line 2: '/N' is no word with a tag after '/'"),
        ("tagged", "a/D\ndog/\n", "line 2: 'dog/' is no word with a tag after '/'"),
        ("tagged", "", "holds no lines"),
        ("conll", "\n\n", "holds no samples"),
        ("conll", "a D\ndog\n", "line 2: 1 fields, but 2 before it"),
        ("conll", "a D\n\ndog N x\n", "line 3: 3 fields, but there should be 2"),
    ],
)
def test_files_that_cannot_be_used_are_explained(
    tmp_path: Path, reader: str, text: str, message: str
) -> None:
    data = tagging(tmp_path, TAGGED if reader == "tagged" else ROWS, source=source(reader))
    data.DATA_PATH.write_text(text)
    with pytest.raises(data.DataError, match=message):
        data.load(data.DATA_PATH)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": 'tagged("t.txt", columns=[words])'}, "reads two columns"),
        ({"tokens": "characters()"}, "`characters` would cut them"),
        ({"tokens": "words(standardize=strip_punctuation)"}, "punctuation marks have tags"),
        (
            {"output": "float[B, 3]", "body": "words -> embedding(3) -> gru(4) -> dense(3)"},
            "a tag for each word, but the output is one for all",
        ),
        ({"source": 'conll("t.txt", columns=[words, tags, more])'}, "2 fields between blanks"),
    ],
)
def test_specs_that_cannot_be_meant(tmp_path: Path, given: dict[str, str], message: str) -> None:
    text = ROWS if "conll" in given.get("source", "") else TAGGED
    with pytest.raises(AssertionError, match=message):
        tagging(tmp_path, text, **{"source": source("tagged")} | given)


WEIGHED = "The D 1\ndog N 2.5\nruns V 0\n\na D 3\n\n" * 5


def weighed(
    folder: Path, text: str, words: str = "words()", loss: str = "sample_weight=sure"
) -> Any:
    spec = SPEC.replace("crossentropy,", f"crossentropy({loss}),")
    given = {"spec": spec, "tokens": words}
    return tagging(folder, text, source='conll("t.txt", columns=[words, tags, sure])', **given)


@pytest.mark.parametrize(
    ("words", "loss", "weights"),
    [
        ("words()", "sample_weight=sure", [[1, 2.5, 0], [3, 0, 0]]),
        ("words()", "class_weight=[1, 2, 4], sample_weight=sure", [[1, 5, 0], [3, 0, 0]]),
        ("words(max_length=2)", "sample_weight=sure", [[1, 2.5], [3, 0]]),
    ],
)
def test_a_column_weighs_each_word(
    tmp_path: Path, words: str, loss: str, weights: list[list[float]]
) -> None:
    text = WEIGHED if "max" not in words else WEIGHED.replace("a D 3\n", "a D 3\na V 1\na N 1\n")
    data = weighed(tmp_path, text, words, loss)
    _, _, weight = data.load(data.DATA_PATH).train.batch(np.arange(2))
    if "max" in words:
        weights = [[1, 2.5], [3, 1]]
    assert weight.tolist() == weights


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("much", "line 5: 'much' in column 'sure' is no number"),
        ("-1", "holds -1: no weight is below"),
    ],
)
def test_weights_of_words_that_are_none_are_explained(
    tmp_path: Path, weight: str, message: str
) -> None:
    data = weighed(tmp_path, WEIGHED.replace("a D 3\n", f"a D 3\nan D {weight}\n", 1))
    with pytest.raises(data.DataError, match=message):
        data.load(data.DATA_PATH)


TWO = """
model M(words: token(6, pad=0)[B, T]) -> (pos: float[B, T, 3], sure: float[B, T, 2]) {{
    h = words -> embedding(3) -> gru(4, return=sequence)
    pos = h -> dense(3)
    sure = h -> dense(2)
}}
data d {{
    source = {source}
    tokens = words()
    split = chronological(train=60%, validation=20%)
}}
train M {{
    data = d
    loss = sparse_categorical_crossentropy(pos, target.tags, sample_weight=w)
         + sparse_categorical_crossentropy(sure, sample_weight=v)
}}
"""


def test_two_outputs_with_a_tag_for_each_word(tmp_path: Path) -> None:
    text = "The D no 1 2\ndog N yes 2 0.5\n\na D no 3 1\n\n" * 5
    columns = "columns=[words, tags, sure, w, v]"
    data = data_of(tmp_path, text, spec=TWO, source=f'conll("t.txt", {columns})')
    dataset = data.load(data.DATA_PATH)
    (words,), (pos, sure), (w, v) = dataset.train.batch(np.arange(2))
    assert words.tolist() == [[2, 4], [3, 0]]
    assert (pos.tolist(), sure.tolist()) == ([[0, 1], [0, 0]], [[0, 1], [0, 0]])
    assert (w.tolist(), v.tolist()) == ([[1, 2], [3, 0]], [[2, 0.5], [1, 0]])
    counts = data.class_counts(dataset)
    assert counts == {
        "pos": {"D": [6, 2, 2], "N": [3, 1, 1]},
        "sure": {"no": [6, 2, 2], "yes": [3, 1, 1]},
    }
    (tmp_path / "new.txt").write_text("a\ndog\n\nThe\n")
    (ids,) = data.inputs_for_prediction(tmp_path / "new.txt", dataset.vocabulary)
    told = [data.Ragged(np.eye(n)[[1, 0, 1]], ids.lengths) for n in (3, 2)]
    data.write_predictions(tmp_path / "out.csv", tuple(told), dataset.vocabulary)
    wanted = ["sample,step,pos,sure", "1,1,N,yes", "1,2,D,no", "2,1,N,yes"]
    assert (tmp_path / "out.csv").read_text().split() == wanted
