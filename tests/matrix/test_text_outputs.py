"""Several outputs of models that read texts: both programs agree, and say the words of each."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running.baseline import baselines
from tests.matrix.test_training import assert_same, eagerly
from tests.matrix.trial import built, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.slow]
__all__ = ["eagerly"]

SPEC = """
model M(text: token(20, pad=0)[B, T]) -> (first: float[B, T, 3], second: {output}) {{
    h = text -> embedding(4) -> gru(5, return=sequence)
    first = h -> dense(3)
    second = {second}
}}
data d {{
    source = {source}
    tokens = words()
    split = random(train=60%, validation=20%)
}}
train M {{
    data = d
    batch_size = 7
    loss = sparse_categorical_crossentropy(first, target.pos, sample_weight=sure)
         + 0.5 * sparse_categorical_crossentropy(second, {target}, class_weight=balanced)
    metrics = [accuracy, edit_distance(first)]
    optimizer = sgd(learning_rate=0.1)
}}
"""
TAGS = {
    "source": 'conll("t.txt", columns=[text, pos, chunk, sure])',
    "output": "float[B, T, 4]",
    "second": "h -> dense(4)",
    "target": "target.chunk",
}
LABEL = {
    "source": 'tsv("t.txt", columns=[text, pos, kind, sure])',
    "output": "float[B, 4]",
    "second": "h -> gru(3) -> dense(4)",
    "target": "target.kind",
}
NEXT = LABEL | {"output": "float[B, T, 20]", "second": "h -> dense(20)"}
NEXT["target"] = "next_step([text])"


def write(folder: Path, *, conll: bool) -> None:
    """Words with tags that follow from them, and a file of the words alone."""
    rng = np.random.default_rng(0)
    sentences = [rng.integers(0, 15, n) for n in rng.integers(2, 7, 30)]
    rows: list[str] = []
    for ids in sentences:
        words, pos = [f"w{i}" for i in ids], [f"P{i % 3}" for i in ids]
        weights = rng.integers(1, 4, len(ids)) / 2
        if conll:
            lines = zip(words, pos, (f"C{i % 4}" for i in ids), weights, strict=True)
            rows += [*(" ".join(map(str, line)) for line in lines), ""]
        else:
            label = f"K{ids[0] % 4}"
            rows.append("\t".join((" ".join(words), " ".join(pos), label, str(weights[0]))))
    (folder / "t.txt").write_text("\n".join(rows) + "\n")
    (folder / "new.txt").write_text("w1\nw2\n\nw3\nw99\n" if conll else "w1 w2\nw3 w99\n")


@pytest.mark.parametrize("given", [TAGS, LABEL, NEXT], ids=["two tags", "a label", "next words"])
def test_both_programs(given: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, conll=given is TAGS)
    (tmp_path / "m.seq").write_text(SPEC.format(**given))
    compilation = Compilation.of(tmp_path / "m.seq")
    task = task_of(compilation)
    records: dict[str, list[dict[str, float]]] = {}
    scores: dict[str, dict[str, float]] = {}
    tables: dict[str, list[dict[str, str]]] = {}
    known: set[str] = set()
    with built(compilation, tmp_path) as models:
        share(models, random_weights(task.graph, 1.0), task, tmp_path)
        for backend, one in models.items():
            train, data = one.program.module("train"), one.program.module("data")
            dataset = data.load(tmp_path / "t.txt")
            records[backend] = []
            report = records[backend].append
            train.fit(one.model, dataset, tmp_path / f"run-{backend}", epochs=2, report=report)
            scores[backend] = train.evaluate(one.model, dataset.test)
            inputs = data.inputs_for_prediction(tmp_path / "new.txt", dataset.vocabulary)
            predicted = train.predict(one.model, inputs)
            data.write_predictions(tmp_path / "out.csv", predicted, dataset.vocabulary)
            with (tmp_path / "out.csv").open(newline="") as file:
                tables[backend] = list(csv.DictReader(file))
            columns = dict(zip(data.OUTPUTS, data.TARGETS, strict=True))
            known |= {*dataset.vocabulary.words(columns["second"])}
            baseline = baselines(task, dataset.train, dataset.test, data.score)
            assert {name.partition("_")[0] for name in baseline[0].scores} == {"first", "second"}
    assert_same(records, 1e-5)
    assert scores["torch"] == pytest.approx(scores["keras"], abs=1e-5)
    assert tables["torch"] == tables["keras"]
    assert [(row["sample"], row["step"]) for row in tables["torch"]] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
        ("2", "2"),
    ]
    assert {row["first"] for row in tables["torch"]} <= {"P0", "P1", "P2"}
    second = [row["second"] for row in tables["torch"]]
    if given is LABEL:
        assert [bool(label) for label in second] == [True, False] * 2, "a label for each sample"
    assert {*second} <= known | {""}
