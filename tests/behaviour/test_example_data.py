"""The data that the repository carries, through the ``data.py`` of the examples."""

from __future__ import annotations

import shutil
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from tests.behaviour.data_tasks import program

EXAMPLES = Path(__file__).parents[2] / "examples"
WITH_DATA = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*.seq")
    if "\ntrain " in path.read_text(encoding="utf-8")
)


def dataset(name: str, folder: Path) -> Any:
    """An example's data, loaded by its program."""
    module, source = data_program(name, folder)
    return module.load(source)


def data_program(name: str, folder: Path) -> tuple[Any, Path]:
    """The module ``data`` of an example's program, and its file."""
    path = EXAMPLES / name
    task = Compilation.of(path).task
    assert task is not None
    assert task.training is not None
    source = path.parent / task.training.data.source.args["path"]
    if task.training.data.memory == "map":  # leaves a file beside the table
        source = Path(shutil.copy(source, folder))
    return program(task, folder), source


@pytest.mark.parametrize("name", WITH_DATA)
def test_every_part_has_finite_samples(name: str, tmp_path: Path) -> None:
    module, source = data_program(name, tmp_path)
    loaded = module.load(source)
    parts = (getattr(loaded, name, None) for name in ("train", "validation", "test"))
    for part in filter(None, parts):
        assert len(part) > 0
        batches = [np.arange(len(part))]
        if hasattr(part, "stream"):
            lanes = [8] if "size" in signature(module.chunks).parameters else []
            batches = module.chunks(part.stream, *lanes)
            assert sum(chunk.rows.size for chunk in batches) == len(part)
        for batch in batches:
            inputs, target = part.batch(batch)
            targets = tuple(target.values()) if isinstance(target, dict) else target
            for array in (*inputs, *(targets if isinstance(targets, tuple) else (targets,))):
                assert len(array) == len(getattr(batch, "rows", batch))
                assert np.isfinite(array).all()


def test_airline(tmp_path: Path) -> None:
    loaded = dataset("airline.seq", tmp_path)
    assert [len(loaded.train), len(loaded.validation), len(loaded.test)] == [73, 16, 16]
    last = loaded.scaling.invert_target(loaded.test.target)[-1, 0]
    assert last == pytest.approx(432)  # December 1960


def test_weather(tmp_path: Path) -> None:
    loaded = dataset("weather.seq", tmp_path)
    assert loaded.train.inputs[0].shape[1:] == (48, 5)
    assert loaded.train.target.shape[1:] == (6,)
    first = loaded.scaling.invert_target(loaded.train.target)[0, 0]
    row = (EXAMPLES / "data" / "weather.csv").read_text().splitlines()[1 + 48]
    assert first == pytest.approx(float(row.split(",")[1]), abs=1e-4)


def test_digits(tmp_path: Path) -> None:
    loaded = dataset("digits.seq", tmp_path)
    parts = (loaded.train, loaded.validation, loaded.test)
    assert sum(map(len, parts)) == 1797
    assert sorted(set(loaded.test.target.tolist())) == list(range(10))
    assert 0 <= loaded.train.inputs[0].min() < loaded.train.inputs[0].max() == 1


def test_dates_are_shifted_and_different(tmp_path: Path) -> None:
    loaded = dataset("dates.seq", tmp_path)
    for part in (loaded.train, loaded.validation, loaded.test):
        previous = part.inputs[1]
        np.testing.assert_array_equal(previous[:, 1:], part.target[:, :-1])
        assert set(previous[:, 0].tolist()) == {11}
    days = np.concatenate([loaded.train.target, loaded.validation.target, loaded.test.target])
    assert len(np.unique(days, axis=0)) == len(days) == 8000


def test_stations(tmp_path: Path) -> None:
    loaded = dataset("stations.seq", tmp_path)
    (hours, place, calendar), target = loaded.test.batch(np.arange(len(loaded.test)))
    assert hours.shape[1:] == (48, 5)
    assert len(np.unique(place, axis=0)) == 3
    assert calendar.shape[1:] == (*target.shape[1:], 2) == (6, 2)


def test_shoulder(tmp_path: Path) -> None:
    loaded = dataset("shoulder.seq", tmp_path)
    with np.load(EXAMPLES / "data" / "shoulder.npz") as kept:
        sizes = np.bincount(kept["person"])[1:].tolist()
    parts = [len(part) for part in (loaded.train, loaded.validation, loaded.test)]
    assert sum(parts) == sum(sizes) == 1149
    assert parts[2] in [a + b for i, a in enumerate(sizes) for b in sizes[i + 1 :]]  # two people


def test_vowels(tmp_path: Path) -> None:
    loaded = dataset("vowels.seq", tmp_path)
    assert [len(loaded.train), len(loaded.validation), len(loaded.test)] == [416, 96, 128]
    vowel, lengths = loaded.train.inputs
    assert 7 <= lengths.min() < lengths.max() <= 29
    assert len(vowel.values) == lengths.sum(), "nothing is kept padded"
    assert vowel.values.mean(0) == pytest.approx(np.zeros(12), abs=1e-5)


def test_names(tmp_path: Path) -> None:
    loaded = dataset("names.seq", tmp_path)
    known = loaded.vocabulary.known
    assert known["language"] == ["cs", "de", "en", "es", "et", "fi", "fr", "is", "it", "nl", "sl"]
    assert known["name"][:4] == ["e", "a", "n", "r"]
    assert len(known["name"]) == 68, "all the ids that token(70) has to give"


def test_stress(tmp_path: Path) -> None:
    loaded = dataset("stress.seq", tmp_path)
    assert loaded.vocabulary.known["marks"] == ["-", "0", "1", "2"]
    assert len(loaded.vocabulary.known["sounds"]) == 39
    # The same sounds are vowels wherever they stand: marks went with their words.
    sounds, vowel = loaded.train.inputs[0].values, loaded.train.target.values > 0
    assert all(len(set(vowel[sounds == sound])) == 1 for sound in np.unique(sounds))
