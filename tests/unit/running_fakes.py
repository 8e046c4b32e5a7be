"""A program that needs no framework, and the task it could have come from.

The model is one number, the factor from the last value to the next one, and it learns by halving
its distance from 1. Everything else is as generated programs have it.
"""

from __future__ import annotations

from typing import Any

from seqspec.backends.base import OutputFile
from seqspec.ir.graph import Graph, Value
from seqspec.ir.task import Data, Target, Task, Term, Training
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.types import Tensor
from seqspec.vocabulary.spec import Entry, Setting
from seqspec.vocabulary.training import LOSSES

MODEL = """
class Model:
    factor = 5.0

def build_model():
    return Model()
"""

WEIGHTS = """
import os
import numpy as np
from safetensors.numpy import load_file, save_file
from safetensors import safe_open

class WeightsError(ValueError):
    pass

def save(model, path, metadata=None):
    save_file({"factor": np.float32([model.factor])}, str(path) + ".new", metadata=metadata or {})
    os.replace(str(path) + ".new", path)

def load(model, path):
    try:
        with safe_open(path, "np") as file:
            model.factor = float(file.get_tensor("factor")[0])
            return file.metadata() or {}
    except Exception as error:
        raise WeightsError(f"{path} cannot be read") from error
"""

DATA = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np

STEPS = 12

class DataError(ValueError):
    pass

@dataclass(frozen=True)
class Part:
    inputs: tuple[np.ndarray, ...]
    target: np.ndarray

    def __len__(self):
        return len(self.target)

@dataclass(frozen=True)
class Dataset:
    train: Part
    validation: Part | None
    test: Part | None

def windows(series):
    view = np.lib.stride_tricks.sliding_window_view(series, STEPS + 1, axis=0)[:, 0]
    return Part((view[:, :STEPS, None],), view[:, STEPS:])

def load(path=None):
    try:
        series = np.loadtxt(path, dtype=np.float32, ndmin=1)[:, None]
    except ValueError as error:
        raise DataError(f"{path}: not numbers") from error
    half = len(series) // 2
    return Dataset(windows(series[:half]), None, windows(series[half:]))

def score(prediction, target):
    error = prediction - target
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}

def inputs_for_prediction(path):
    return load(path).test.inputs

def write_predictions(path, prediction):
    np.savetxt(path, prediction)
"""

TRAIN = """
import json
import weights
from data import score

class TrainingError(RuntimeError):
    pass

def choose_device(name):
    if name != "cpu":
        raise TrainingError(f"no device {name}")
    return name

def set_seed(seed):
    pass

def fit(model, dataset, run, *, epochs=3, seed=0, device="cpu", overfit_one_batch=False,
        report=print, on_batch=None):
    part = dataset.train
    for epoch in range(1, epochs + 1):
        if seed == 98:
            raise KeyboardInterrupt
        for done in range(2):
            on_batch(done + 1, 2)
        model.factor = 1 + (model.factor - 1) / 2
        record = {"epoch": epoch, "loss": abs(model.factor - 1) + 0.1, "seconds": 0.01}
        with open(run / "metrics.jsonl", "a") as file:
            file.write(json.dumps(record) + "\\n")
        weights.save(model, run / "best.safetensors")
        weights.save(model, run / "last.safetensors")
        if seed == 13:
            raise TrainingError("the loss is not a number any more")
        if seed == 99:
            raise KeyboardInterrupt
        report(record)
    return record

def predict(model, inputs, device="cpu", batch_size=32):
    return inputs[0][:, -1] * model.factor

def evaluate(model, part, device="cpu"):
    return score(predict(model, part.inputs), part.target)
"""

FILES = [
    OutputFile("model.py", MODEL),
    OutputFile("weights.py", WEIGHTS),
    OutputFile("data.py", DATA),
    OutputFile("train.py", TRAIN),
]


def setting(name: str, **args: Any) -> Setting:
    return Setting(Entry(name, "", ""), args)


def tensor(*shape: int | str) -> Tensor:
    return Tensor("float", tuple(Dim.of(d) for d in shape))


def task(
    *,
    loss: str = "mse",
    from_logits: bool = False,
    inputs: dict[str, tuple[Tensor, tuple[str, ...]]] | None = None,
    output: Tensor | None = None,
    target: tuple[str, ...] = ("y",),
    target_kind: str = "ahead",
    windows: bool = True,
    tabular: bool = True,
) -> Task:
    """A forecast of column ``y`` from twelve steps of it, unless told otherwise."""
    inputs = inputs or {"x": (tensor("B", 12, 1), ("y",))}
    data = Data(
        name="series",
        source=setting("csv", path="series.csv"),
        tabular=tabular,
        inputs={name: columns for name, (_, columns) in inputs.items()},
        targets={"output": Target(target, target_kind)},
        split=setting("chronological"),
        scale=None,
        missing="error",
        windows=setting("sliding", steps=12, stride=1, horizon=1) if windows else None,
        span=Span(0, 0),
    )
    outputs = (("output", Value(output or tensor("B", 1), Span(0, 0))),)
    training = Training(
        data=data,
        terms=(
            Term(
                "output", outputs[0][1], Setting(LOSSES[loss], {}), from_logits, (setting("mae"),)
            ),
        ),
        optimizer=setting("adam"),
        batch_size=32,
        epochs=3,
        seed=0,
        shuffle=True,
        stop=None,
        span=Span(0, 0),
    )
    graph = Graph(
        name="Series",
        doc="",
        signature="",
        inputs=tuple(Value(kind, Span(0, 0), name) for name, (kind, _) in inputs.items()),
        outputs=outputs,
        nodes=(),
        span=Span(0, 0),
    )
    return Task(graph, training, "series.seq", "model Series { }\n", "abc", {"units": 3})
