"""The PyTorch program trains, stops, keeps and explains as it says. On tiny data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from seqspec.backends.base import get
from seqspec.driver import Compilation
from seqspec.running.program import Program

pytestmark = pytest.mark.torch

SPEC = """
model Two(x: float[B, T, 3]) -> float[B, 4] {{
    {body}
}}
data d {{
    source = npz("d.npz")
    split = random(train=70%, validation=15%, seed=1)
    target = y
}}
train Two {{
    data = d, loss = sparse_categorical_crossentropy, metrics = [accuracy], epochs = 3
    {settings}
}}
"""


BODY = "x -> gru(6) -> dense(4, activation=softmax)"


def write(folder: Path, settings: str = "", body: str = BODY, spec: str = "") -> Path:
    """A program on random data, in a folder of its own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5, 3)).astype(np.float32)
    y = (x.mean(axis=(1, 2)) > 0).astype(np.int64)
    np.savez(folder / "d.npz", x=x, y=y[:, None].astype(np.float32) if spec else y)
    (folder / "two.seq").write_text(spec or SPEC.format(settings=settings, body=body))
    compilation = Compilation.of(folder / "two.seq")
    assert compilation.task is not None, [d.message for d in compilation.diagnostics]
    program = folder / "program"
    program.mkdir()
    for file in get("torch").lower(compilation.task):
        (program / file.path).write_text(file.text)
    return program


class Loaded:
    """A program in this process."""

    def __init__(self, folder: Path, settings: str = "", body: str = BODY, spec: str = "") -> None:
        self.folder = folder
        self.program = Program(write(folder, settings, body, spec), "torch")
        self.dataset: Any = self.module("data").load(folder / "d.npz")

    def module(self, name: str) -> ModuleType:
        return self.program.module(name)

    def fit(self, run: str = "run", **options: Any) -> dict[str, float]:
        self.module("train").set_seed(0)
        self.model = self.module("model").build_model()
        record: dict[str, float] = self.module("train").fit(
            self.model, self.dataset, self.folder / run, **options
        )
        return record


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    loaded = Loaded(tmp_path)
    yield loaded
    loaded.program.close()


def records(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_an_epoch_leaves_a_record_and_checkpoints(loaded: Loaded, tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    batches: list[tuple[int, int]] = []
    last = loaded.fit(
        report=seen.append, on_batch=lambda done, count: batches.append((done, count))
    )
    assert seen == records(tmp_path / "run")
    assert last == seen[-1]
    assert [r["epoch"] for r in seen] == [1, 2, 3]
    assert set(last) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert batches[:2] == [(1, 2), (2, 2)]
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "metrics.jsonl",
        "best.safetensors",
        "last.safetensors",
    }


def test_a_seed_decides_everything(loaded: Loaded) -> None:
    first = loaded.fit("a")
    second = loaded.fit("b")
    other = loaded.fit("c", seed=1)
    assert first["loss"] == second["loss"]
    assert first["loss"] != other["loss"]


def test_the_loss_is_exact_where_probabilities_are_not(loaded: Loaded) -> None:
    import torch

    model = loaded.module("model").build_model()
    with torch.no_grad():
        model.dense.weight.zero_()
        model.dense.bias.copy_(torch.tensor([0.0, -200.0, 0.0, 0.0]))
    target = torch.ones(2, dtype=torch.long)
    loss, _ = loaded.module("train").measure(model, [torch.zeros(2, 5, 3)], target)
    assert loss.item() == pytest.approx(200 + np.log(3), rel=1e-6)


def test_one_batch_can_be_learnt_by_heart(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, "optimizer = adam(learning_rate=0.05)")
    record = loaded.fit(epochs=60, overfit_one_batch=True, report=lambda _: None)
    assert record["loss"] < 0.1
    assert "val_loss" not in record


def test_it_stops_early_and_keeps_the_best(tmp_path: Path) -> None:
    settings = "stop = early(patience=2), optimizer = adam(learning_rate=0.5), batch_size = 8"
    loaded = Loaded(tmp_path, settings)
    loaded.fit(epochs=200, report=lambda _: None)
    losses = [r["val_loss"] for r in records(tmp_path / "run")]
    assert len(losses) < 200
    assert min(losses) == losses[-3]
    model = loaded.module("model").build_model()
    loaded.module("weights").load(model, tmp_path / "run" / "best.safetensors")
    train = loaded.module("train")
    judged = train.run_epoch(model, loaded.dataset.validation, "cpu")
    assert judged["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_one_batch_is_not_stopped_early(tmp_path: Path) -> None:
    settings = "stop = early(patience=1), optimizer = sgd(learning_rate=1e-30)"
    loaded = Loaded(tmp_path, settings)
    assert loaded.fit("one", epochs=5, overfit_one_batch=True, report=lambda _: None)["epoch"] == 5
    assert loaded.fit("all", epochs=5, report=lambda _: None)["epoch"] == 2


def test_what_counts_as_lower(tmp_path: Path) -> None:
    settings = "stop = early(patience=3, min_delta=100)"
    loaded = Loaded(tmp_path, settings)
    assert loaded.fit(epochs=9, report=lambda _: None)["epoch"] == 4


@pytest.mark.parametrize(
    ("loss", "metrics", "found"),
    [
        ("mse", "rmse", {"rmse"}),
        ("mae", "rmse, mse", {"rmse", "mse"}),
        ("mae", "rmse", {"rmse"}),
    ],
)
def test_the_root_is_of_the_mean_square(
    tmp_path: Path, loss: str, metrics: str, found: set[str]
) -> None:
    text = SPEC.format(settings="", body="x -> flatten -> dense(1)")
    text = text.replace("B, 4]", "B, 1]").replace("B, T, 3]", "B, 5, 3]")
    text = text.replace("sparse_categorical_crossentropy", loss).replace("accuracy", metrics)
    loaded = Loaded(tmp_path, spec=text)
    record = loaded.fit(epochs=1, report=lambda _: None)
    assert set(record) - {"epoch", "seconds"} == {
        prefix + name for prefix in ("", "val_") for name in {"loss", *found}
    }
    part = loaded.dataset.validation
    error = loaded.module("train").predict(loaded.model, part.inputs) - part.target
    assert record["val_rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)


def test_training_goes_on_after_a_prediction(loaded: Loaded) -> None:
    loaded.fit(epochs=1, report=lambda _: None)
    loaded.module("train").predict(loaded.model, loaded.dataset.validation.inputs)
    assert all(not p.is_inference() for p in loaded.model.parameters())
    run = loaded.folder / "more"
    loaded.module("train").fit(loaded.model, loaded.dataset, run, epochs=1, report=lambda _: None)


def test_batches_of_one_are_explained_where_a_batch_norm_takes_none(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, "batch_size = 1", body="x -> gru(6) -> batch_norm -> dense(4)")
    with pytest.raises(loaded.module("train").TrainingError, match="batches of one sample"):
        loaded.fit(report=lambda _: None)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path)
    loaded.dataset.train.inputs[0][:] = np.nan
    with pytest.raises(loaded.module("train").TrainingError, match="no longer a finite number"):
        loaded.fit()
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_ctrl_c_keeps_the_last_weights(loaded: Loaded, tmp_path: Path) -> None:
    def stop(record: dict[str, float]) -> None:
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded.fit(report=stop)
    model = loaded.module("model").build_model()
    loaded.module("weights").load(model, tmp_path / "run" / "last.safetensors")
    for ours, theirs in zip(loaded.model.parameters(), model.parameters(), strict=True):
        assert ours.equal(theirs)


@pytest.mark.parametrize(
    ("optimizer", "line"),
    [
        ("adam(clipnorm=0.01)", "nn.utils.clip_grad_norm_(weight, CLIPNORM)"),
        ("adam(global_clipnorm=0.01)", "nn.utils.clip_grad_norm_(model.parameters()"),
        ("sgd(clipvalue=0.01)", "nn.utils.clip_grad_value_(model.parameters()"),
        ("sgd(momentum=0.9, nesterov=true)", "momentum=0.9, nesterov=True"),
        ("rmsprop(momentum=0.5, centered=true)", "alpha=0.9, eps=1e-7, momentum=0.5"),
    ],
)
def test_optimizers_and_clipping(tmp_path: Path, optimizer: str, line: str) -> None:
    loaded = Loaded(tmp_path, f"optimizer = {optimizer}")
    assert line in (tmp_path / "program" / "train.py").read_text()
    losses = [loaded.fit(str(n), epochs=n, report=lambda _: None)["loss"] for n in (1, 5)]
    assert losses[1] < losses[0]


def test_a_batch_of_one_is_left_out_where_a_batch_norm_could_not_take_it(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, "batch_size = 41", body="x -> gru(6) -> batch_norm -> dense(4)")
    assert len(loaded.dataset.train) == 42
    assert np.isfinite(loaded.fit(report=lambda _: None)["loss"])


def test_weights_of_another_model_are_refused(loaded: Loaded, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = loaded.module("weights")
    model = loaded.module("model").build_model()
    path = tmp_path / "w.safetensors"
    weights.save(model, path, {"note": "kept"})
    assert weights.load(model, path)["note"] == "kept"
    arrays = load_file(path)
    good = {"format": "seqspec-weights", "format_version": "1", "model": "Two"}
    wrong = {
        "has no 'dense/bias'": ({k: v for k, v in arrays.items() if k != "dense/bias"}, good),
        "has 'more'": ({**arrays, "more": arrays["dense/bias"]}, good),
        "'dense/bias' has the shape": ({**arrays, "dense/bias": arrays["dense/bias"][:2]}, good),
        "the format_version '2'": (arrays, {**good, "format_version": "2"}),
        "the model 'Three'": (arrays, {**good, "model": "Three"}),
    }
    for message, (changed, metadata) in wrong.items():
        save_file(changed, path, metadata=metadata)
        with pytest.raises(weights.WeightsError, match=message):
            weights.load(model, path)
    path.write_bytes(b"not a weights file at all")
    with pytest.raises(weights.WeightsError, match="not a weights file"):
        weights.load(model, path)
    with pytest.raises(weights.WeightsError, match="there is no file"):
        weights.load(model, tmp_path / "nowhere.safetensors")


def test_a_spec_that_has_changed_may_still_fit(loaded: Loaded, tmp_path: Path) -> None:
    weights = loaded.module("weights")
    model = loaded.module("model").build_model()
    path = tmp_path / "w.safetensors"
    weights.save(model, path, {"spec_sha256": "of another text"})
    assert weights.load(model, path)["spec_sha256"] == "of another text"


def test_a_file_appears_whole_or_not_at_all(loaded: Loaded, tmp_path: Path) -> None:
    weights = loaded.module("weights")
    model = loaded.module("model").build_model()
    with pytest.raises((OSError, weights.WeightsError)):
        weights.save(model, tmp_path / "nowhere" / "w.safetensors")
    weights.save(model, tmp_path / "w.safetensors")
    assert [p.name for p in tmp_path.glob("*w.*")] == ["w.safetensors"]
    (tmp_path / "plain").touch()
    modes = [(tmp_path / name).stat().st_mode for name in ("plain", "w.safetensors")]
    assert modes[0] == modes[1], "a weights file has ordinary permissions"


@pytest.mark.slow
@pytest.mark.e2e
def test_the_command_line(tmp_path: Path) -> None:
    program = write(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(program / "run.py"), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    trained = run("train", "--run", "out", "--epochs", "2")
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.startswith("classes of y, in percent of the training")
    assert "\nepoch 1 " in trained.stdout
    again = run("train", "--run", "out")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert again.stderr.startswith("error: out ")
    scored = run("evaluate", "--weights", "out/best.safetensors")
    assert scored.stdout.split()[0] == "accuracy"
    predicted = run("predict", "--weights", "out/best.safetensors", "-o", "p.npy")
    assert predicted.returncode == 0, predicted.stderr
    assert np.load(tmp_path / "p.npy").shape == (60, 4)
    for arguments, code in (
        (("evaluate", "--weights", "nowhere"), 1),
        (("train", "--data", "nowhere.npz"), 1),
        (("train", "--device", "abacus"), 2),
        (("train", "--epochs", "0"), 2),
        (("fly",), 2),
    ):
        wrong = run(*arguments)
        assert wrong.returncode == code, wrong.stderr
        assert "Traceback" not in wrong.stderr
