"""Lists of ids in the generated ``data.py``: what is written is what the model sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.behaviour.data_tasks import program
from tests.behaviour.test_data_texts import SPEC, compiled, lines

PLAYED = [
    ("3 1 2", "0"), ("4 4", "1"), ("1 2 3 4", "2"), ("7", "0"), ("5 6 1", "1"),
    ("2 2", "2"), ("1", "0"), ("6 5 4 3 2", "1"), ("3 3", "2"), ("2 7", "0"),
]  # fmt: skip


def data_of(folder: Path, text: str = lines(*PLAYED), **given: str) -> Any:
    wanted = {
        "inputs": "heard: token(8, pad=0)[B, T]",
        "output": "float[B, 3]",
        "body": "heard -> embedding(3) -> gru(4) -> dense(3)",
        "source": 'tsv("t.txt", columns=[heard, kind])',
        "tokens": "ids()",
        "target": "kind",
    }
    data = program(compiled(folder, text, **wanted | given), folder)
    data.DATA_PATH = folder / "t.txt"
    return data


def tagging(folder: Path, text: str, **given: str) -> Any:
    wanted = {
        "output": "float[B, T, 3]",
        "body": "heard -> embedding(3) -> gru(4, return=sequence) -> dense(3)",
    }
    return data_of(folder, text, **wanted | given)


def test_ids_are_what_is_written(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    assert not hasattr(data, "Vocabulary"), "nothing is counted, so nothing is kept"
    (heard,), kind = data.load(data.DATA_PATH).train.batch(np.arange(3))
    assert heard.tolist() == [[3, 1, 2, 0], [4, 4, 0, 0], [1, 2, 3, 4]]
    assert heard.dtype == kind.dtype == np.int64
    assert kind.tolist() == [0, 1, 2]


def test_any_id_may_pad(tmp_path: Path) -> None:
    data = data_of(tmp_path, inputs="heard: token(8, pad=7)[B, T]")
    (heard,), _ = data.load(data.DATA_PATH).train.batch(np.arange(2))
    assert heard.tolist() == [[3, 1, 2], [4, 4, 7]]


def test_lengths_stand_beside_their_input(tmp_path: Path) -> None:
    data = data_of(tmp_path, inputs="heard: token(8, pad=lengths)[B, T]")
    (heard, lengths), _ = data.load(data.DATA_PATH).train.batch(np.arange(2))
    assert heard.tolist() == [[3, 1, 2], [4, 4, 0]]
    assert lengths.tolist() == [3, 2]


def test_a_bucket_holds_lines_of_similar_length(tmp_path: Path) -> None:
    data = data_of(tmp_path, settings="batches = bucketed(pool=9)")
    part = data.load(data.DATA_PATH).train
    drawn = data.batches(part, 2, np.random.default_rng(0))
    lengths = [np.count_nonzero(heard, axis=1) for (heard,), _ in drawn]
    assert sorted(tuple(sorted(pair)) for pair in lengths) == [(1, 2), (2, 3), (3, 4)]


def test_a_file_to_predict_from_may_lack_the_target(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    other = tmp_path / "other.txt"
    other.write_text("5 5 5\n1\n")
    (heard,) = data.inputs_for_prediction(other)
    assert np.asarray(heard).tolist() == [[5, 5, 5], [1, 0, 0]]
    (heard,) = data.inputs_for_prediction(data.DATA_PATH)
    assert len(heard) == len(PLAYED)
    data.write_predictions(tmp_path / "out.csv", np.array([[0.0, 2.0, 1.0]]))
    assert (tmp_path / "out.csv").read_text().split() == ["kind", "1"]


def test_steps_have_labels_of_their_own(tmp_path: Path) -> None:
    data = tagging(tmp_path, lines(("3 1 2", "0 2 1"), ("4", "1"), ("5 6", "2 2")) * 4)
    (heard,), kinds = data.load(data.DATA_PATH).train.batch(np.arange(3))
    assert heard.shape == kinds.shape
    assert kinds.tolist() == [[0, 2, 1], [1, 0, 0], [2, 2, 0]]


def test_what_the_loss_ignores_is_no_error(tmp_path: Path) -> None:
    ignoring = SPEC.replace("crossentropy,", "crossentropy(ignore_class=-1),")
    data = tagging(tmp_path, lines(("3 1 2", "0 -1 1"), ("4", "-1")) * 4, spec=ignoring)
    assert data.load(data.DATA_PATH).train.target.values.tolist()[:4] == [0, -1, 1, -1]


def test_the_next_id_is_the_target(tmp_path: Path) -> None:
    data = tagging(
        tmp_path,
        "".join(f"{heard}\n" for heard, _ in PLAYED if " " in heard),
        output="float[B, T, 8]",
        body="heard -> embedding(3) -> gru(4, return=sequence) -> dense(8)",
        source='tsv("t.txt", columns=[heard])',
        target="next_step()",
    )
    (heard,), after = data.load(data.DATA_PATH).train.batch(np.arange(2))
    assert heard.tolist() == [[3, 1], [4, 0]]
    assert after.tolist() == [[1, 2], [4, 0]]


def test_two_lists_of_their_own_lengths_and_one_id(tmp_path: Path) -> None:
    data = data_of(
        tmp_path,
        lines(*[("3 1 2", "1 4", "9"), ("4", "4 1 1", "0")] * 5),
        inputs="a: token(8, pad=0)[B, S], b: token(5, pad=0)[B, T], c: token(10)[B]",
        output="float[B, T, 5]",
        body="s = a -> embedding(3) -> gru(4)\n k = c -> embedding(4) -> repeat(1)\n"
        "h = b -> embedding(3) -> gru(4, initial=s.state, return=sequence)\n h + k -> dense(5)",
        source='tsv("t.txt", columns=[a, b, c])',
        target="next_step(b)",
    )
    (a, b, c), after = data.load(data.DATA_PATH).train.batch(np.arange(2))
    assert a.tolist() == [[3, 1, 2], [4, 0, 0]], "one id is enough where nothing is shifted"
    assert b.tolist() == [[1, 0], [4, 1]]
    assert after.tolist() == [[4, 0], [1, 1]]
    assert c.tolist() == [9, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no lines"),
        ("1\t0\n2\n", "line 2: 1 fields, but there should be 2"),
        ("1\t0\n\t0\n", "line 2: column 'heard' has no ids"),
        ("1\t0\n1\t0 1\n", "line 2: column 'kind' has 2 ids, but there should be one"),
        ("1\t0\n1\t3\n", "line 2: column 'kind' holds '3', not a whole number from 0 to 2"),
        ("1\t0\n1 8\t0\n", "line 2: column 'heard' holds '8', not a whole number from 0 to 7"),
        ("1\t0\n1 -1\t0\n", "line 2: column 'heard' holds '-1'"),
        ("1\t0\n1 1.5\t0\n", "line 2: column 'heard' holds '1.5'"),
        ("1\t0\n1_0\t0\n", "line 2: column 'heard' holds '1_0'"),
        ("1\t0\n٣\t0\n", "line 2: column 'heard' holds '٣'"),
        (f"1\t0\n{'9' * 5000}\t0\n", "line 2: column 'heard' holds '9{59}, not"),
        ("1\t0\n2\tjazz\n", "line 2: column 'kind' holds 'jazz'"),
    ],
)
def test_files_that_cannot_be_used_are_explained(
    tmp_path: Path, content: str, message: str
) -> None:
    data = data_of(tmp_path)
    data.DATA_PATH.write_text(content, encoding="utf-8")
    with pytest.raises(data.DataError, match=message):
        data.load(data.DATA_PATH)


def test_as_many_labels_as_ids(tmp_path: Path) -> None:
    data = tagging(tmp_path, lines(("3 1", "0 2"), ("4", "1 1")) * 4)
    with pytest.raises(data.DataError, match=r"line 2: not as many ids .*'heard': 1, 'kind': 2"):
        data.load(data.DATA_PATH)


def test_several_outputs_with_steps_and_without(tmp_path: Path) -> None:
    spec = """
    model M(heard: token(8, pad=0)[B, T]) -> (after: float[B, T, 8], kind: float[B, 3]) {{
        h = heard -> embedding(3) -> gru(4, return=sequence)
        after = h -> dense(8)
        kind = h -> gru(3) -> dense(3)
    }}
    data d {{
        source = tsv("t.txt", columns=[heard, kind, sure, often])
        tokens = ids()
        split = chronological(train=60%, validation=20%)
    }}
    train M {{
        data = d
        loss = sparse_categorical_crossentropy(after, next_step([heard]), sample_weight=often)
             + sparse_categorical_crossentropy(kind, sample_weight=sure)
    }}
    """
    text = lines(*[("3 1 2", "0", "1", "2"), ("4 4", "1", "0.5", "3")] * 5)
    data = program(compiled(tmp_path, text, spec=spec), tmp_path)
    given = data.load(tmp_path / "t.txt").train.batch(np.arange(2))
    (heard,), (after, kind), (often, sure) = given
    assert heard.tolist() == [[3, 1], [4, 0]]
    assert after.tolist() == [[1, 2], [4, 0]]
    assert kind.tolist() == [0, 1]
    assert often.tolist() == [[2], [3]]
    assert sure.tolist() == [1, 0.5]
    (tmp_path / "t.txt").write_text(text + "1\t0\t1\t1\n")
    with pytest.raises(data.DataError, match="line 11: column 'heard' has no next step"):
        data.load(tmp_path / "t.txt")
    one = data.Ragged(np.eye(8)[[2, 5, 1]], np.array([2, 1]))
    data.write_predictions(tmp_path / "out.csv", (one, np.eye(3)[:2]))
    wanted = ["sample,step,after,kind", "1,1,2,0", "1,2,5,", "2,1,1,1"]
    assert (tmp_path / "out.csv").read_text().split() == wanted
