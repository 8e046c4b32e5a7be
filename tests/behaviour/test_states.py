"""A stream goes on where another one ended: from a training, from a file, in either program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.running.twins import Built
from tests.matrix.trial import BACKENDS, Array, built, random_weights, share

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SPEC = """
model Inner(x: float[B, T, 2]) -> float[B, T, 3] {{
    x -> lstm(3, return=sequence, stateful=true)
}}
model Tanks(levels: float[B, T, 2]) -> float[B, T, 2] {{
    levels -> Inner -> gru(4, return=sequence, stateful=true) -> dense(2)
}}
data readings {{
    source = csv("train.csv", columns=[pressure, heat], series=tank, order=hour)
    split = chronological(train=50%, validation=0%)
    batches = streams(chunk=4{lanes})
    target = next_step()
}}
train Tanks {{
    data = readings
    loss = mse
    optimizer = sgd(learning_rate=1e-20)
    epochs = 1
    reset = {reset}
}}
"""
ROWS = {"a": 22, "b": 24, "c": 15, "d": 28, "e": 14, "f": 20, "g": 7, "h": 18}
CUT = {"a": 9, "b": 10, "c": 6, "d": 12, "e": 5, "f": 8, "g": 1, "h": 7}  # rows that come before
SHIFT = 6  # the shift changes every so many hours


def series() -> dict[str, Array]:
    rng = np.random.default_rng(4)
    return {name: rng.standard_normal((rows, 2)).round(3) for name, rows in ROWS.items()}


def write(path: Path, rows: Mapping[str, range]) -> None:
    """Writes some rows of some series, these in the order given."""
    known = series()
    lines = ["tank,hour,pressure,heat,shift"]
    for name, hours in rows.items():
        for hour in hours:
            pressure, heat = known[name][hour]
            lines.append(f"{name},{hour},{pressure},{heat},{'vwxyz'[hour // SHIFT]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(params=["epoch", "on(shift)"])
def programs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Built]]:
    """Both programs with the same weights, in a folder with training data."""
    with made(tmp_path, request.param) as models:
        yield models


@contextmanager
def made(folder: Path, reset: str, lanes: str = "") -> Iterator[dict[str, Built]]:
    """Both programs; as many rows of a series as stand in CUT are inputs of the training."""
    write(folder / "train.csv", {name: range(2 * rows + 2) for name, rows in CUT.items()})
    (folder / "tanks.seq").write_text(SPEC.format(reset=reset, lanes=lanes), encoding="utf-8")
    compilation = Compilation.of(folder / "tanks.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    with built(compilation, folder) as models:
        share(models, random_weights(compilation.task.graph, 0.5), compilation.task, folder)
        yield models


def predicted(one: Built, path: Path, kept: Any = None) -> tuple[dict[str, Array], Any]:
    """The predictions of each series in a file, and what the series have carried then."""
    states, data, train = (one.program.module(n) for n in ("states", "data", "train"))
    stream, origins = data.inputs_for_prediction(path)
    kept = states.NOTHING if kept is None else kept
    state = kept.begin(stream)
    values = train.predict(one.model, stream, "cpu", state)
    names = [name for name, _ in origins]
    found = {name: values[[n == name for n in names]] for name in dict.fromkeys(names)}
    return found, kept.after(stream, state)


def test_the_rest_of_a_stream_from_a_file(
    programs: dict[str, Built], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One program reads the beginning of each series and the other one the rest of three of them.

    Lanes come in another order then, one series is new, and most are missing.
    """
    torch, keras = (programs[backend] for backend in BACKENDS)
    old = [name for name in ROWS if name != "h"]
    write(tmp_path / "all.csv", {name: range(ROWS[name]) for name in ROWS})
    write(tmp_path / "first.csv", {name: range(CUT[name]) for name in old})
    rest = {name: range(CUT[name] if name != "h" else 0, ROWS[name]) for name in "hfb"}
    write(tmp_path / "rest.csv", rest)
    write(tmp_path / "one.csv", {"d": range(CUT["d"], ROWS["d"])})
    file = tmp_path / "kept.safetensors"
    for one, other in ((torch, keras), (keras, torch)):
        whole, _ = predicted(one, tmp_path / "all.csv")
        begun, kept = predicted(one, tmp_path / "first.csv")
        one.program.module("states").save(file, kept)
        kept = other.program.module("states").load(file)
        capsys.readouterr()
        ended, kept = predicted(other, tmp_path / "rest.csv", kept)
        note = capsys.readouterr().err
        assert "1 of 3 series" in note
        assert note.endswith(": h\n")
        for name in "hfb":
            got = np.concatenate([begun.get(name, np.zeros((0, 2))), ended[name]])
            assert abs(got - whole[name]).max() < 1e-5, name
        last, kept = predicted(one, tmp_path / "one.csv", kept)
        assert abs(last["d"] - whole["d"][CUT["d"] :]).max() < 1e-5
        assert sorted(kept.names) == sorted(ROWS), "what is not read stays as it is"
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".kept")]


def test_the_rest_of_a_stream_from_a_training(tmp_path: Path) -> None:
    """Many lanes are trained, with no learning to speak of; then one goes on, and three.

    The last row of what was trained on was a target only, so it is the first one to go on with.
    A series that was cut in two lanes goes on from the end of the second, which began anew.
    """
    with made(tmp_path, "on(shift)", ", lanes=2") as models:
        start = {name: rows // 2 for name, rows in CUT.items()}
        write(tmp_path / "all.csv", {name: range(start[name], ROWS[name]) for name in ROWS})
        write(tmp_path / "one.csv", {"d": range(CUT["d"], ROWS["d"])})
        write(tmp_path / "three.csv", {name: range(CUT[name], ROWS[name]) for name in "gab"})
        for backend, other in (BACKENDS, BACKENDS[::-1]):
            one, run = models[backend], tmp_path / f"run-{backend}"
            dataset = one.program.module("data").load(tmp_path / "train.csv")
            assert len(dataset.train.stream.first) == 2 * len(CUT) - 1
            one.program.module("train").fit(one.model, dataset, run, report=lambda record: None)
            whole, _ = predicted(one, tmp_path / "all.csv")
            kept = models[other].program.module("states").load(run / "last.safetensors")
            assert sorted(kept.names) == sorted(ROWS)
            for file in ("one.csv", "three.csv"):
                ended, _ = predicted(models[other], tmp_path / file, kept)
                for name, values in ended.items():
                    assert abs(values - whole[name][-len(values) :]).max() < 1e-5, (backend, name)


def test_scores_are_of_series_read_whole(tmp_path: Path) -> None:
    """Only training cuts a series into lanes."""
    with made(tmp_path, "epoch", ", lanes=2") as models:
        for one in models.values():
            data, train = one.program.module("data"), one.program.module("train")
            test = data.load(tmp_path / "train.csv").test
            assert len(test.stream.names) == 2 * len(CUT) - 1
            assert sorted(data.rejoined(test.stream).names) == sorted(CUT)
            rows = {name: range(CUT[name] + 1, 2 * CUT[name] + 2) for name in ROWS}
            write(tmp_path / "test.csv", rows)
            values, _ = predicted(one, tmp_path / "test.csv")
            known = {name: series()[name][list(hours)] for name, hours in rows.items()}
            errors = [values[name][:-1] - known[name][1:] for name in ROWS]
            error = np.square(np.concatenate(errors)).mean()
            score = train.evaluate(one.model, test)["rmse"]
            assert score == pytest.approx(np.sqrt(error), rel=1e-5)


def test_what_is_no_state_of_this_model(programs: dict[str, Built], tmp_path: Path) -> None:
    write(tmp_path / "first.csv", {name: range(CUT[name]) for name in ROWS})
    file, good = tmp_path / "kept.safetensors", tmp_path / "good.safetensors"
    one = programs["torch"]
    _, kept = predicted(one, tmp_path / "first.csv")
    states = one.program.module("states")
    states.save(good, kept)
    said = {**states.FORMAT, "lanes": json.dumps(kept.names)}
    if hasattr(kept, "marks"):
        said["marks"] = json.dumps(kept.marks)
    arrays = load_file(good)
    h = next(iter(arrays))
    cases: dict[str, Any] = {
        "there is no file": None,
        "is no state file": good.read_bytes()[:-3],
        "is no state file: ": b"abc",
        "has the format None": (arrays, {}),
        "has the model 'Other', not 'Tanks'": (arrays, {**said, "model": "Other"}),
        "has the format_version '2'": (arrays, {**said, "format_version": "2"}),
        "it has no": ({n: a for n, a in arrays.items() if n != h}, said),
        f"{h!r} has the shape [8, 9], of float32; the model needs [8, ": (
            {**arrays, h: np.zeros((8, 9), np.float32)},
            said,
        ),
        "of float64": ({**arrays, h: arrays[h].astype(np.float64)}, said),
        "no finite number": ({**arrays, h: arrays[h] * np.float32(np.nan)}, said),
        "no list 'lanes'": (arrays, {**said, "lanes": "8"}),
        "no list 'lanes' ": (arrays, {**said, "lanes": "[1"}),
        "series": (arrays, {**said, "lanes": json.dumps(["a"] * 8)}),
    }
    for message, content in cases.items():
        file.unlink(missing_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif content is not None:
            save_file(content[0], file, content[1])
        for one in programs.values():
            states = one.program.module("states")
            with pytest.raises(states.StateError) as caught:
                states.load(file)
            assert message.strip() in str(caught.value), message
            assert str(file) in str(caught.value)
    twins.write_weights(file, random_weights(programs["torch"].graph, 1.0), "", "Tanks")
    with pytest.raises(states.StateError, match="keeps no state"):
        states.load(file)
