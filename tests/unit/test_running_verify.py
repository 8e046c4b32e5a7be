"""The comparison of twins, on programs written by hand: right ones pass, wrong ones are caught."""

from __future__ import annotations

import json

import pytest

from seqspec.backends.base import OutputFile
from seqspec.ir.graph import Graph, Layer, Node, Value
from seqspec.ir.task import Task
from seqspec.running import twins, verify
from seqspec.running.errors import RunError
from seqspec.running.verify import Report
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.types import Tensor
from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.spec import Entry, OwnedWeight, Setting

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.keras]

TORCH_MODEL = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 3)

    def forward(self, x):
        return self.dense(x)

def build_model():
    return Net()
"""
TORCH_WEIGHTS = """
import torch
from safetensors.torch import load_file, save_file

class WeightsError(ValueError):
    pass

def save(model, path):
    kernel = model.dense.weight.detach().T.contiguous()
    save_file({"dense/kernel": kernel, "dense/bias": model.dense.bias}, path)

def load(model, path):
    arrays = load_file(path)
    with torch.no_grad():
        model.dense.weight.copy_(arrays["dense/kernel"].T)
        model.dense.bias.copy_(arrays["dense/bias"])
"""
KERAS_MODEL = """
import keras
from keras import layers

def build_model():
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, layers.Dense(3, name="dense")(x))
"""
KERAS_WEIGHTS = """
import numpy as np
from safetensors.numpy import load_file, save_file

class WeightsError(ValueError):
    pass

def save(model, path):
    kernel, bias = model.get_layer("dense").get_weights()
    save_file({"dense/kernel": kernel, "dense/bias": bias}, path)

def load(model, path):
    arrays = load_file(path)
    model.get_layer("dense").set_weights([arrays["dense/kernel"], arrays["dense/bias"]])
"""


def dims(*shape: int | str) -> tuple[Dim, ...]:
    return tuple(Dim.of(d) for d in shape)


def dense_task() -> Task:
    zeros = Setting(Entry("zeros", "initializer", ""), {})
    layer = Layer(
        "dense",
        LAYERS["dense"],
        {},
        (OwnedWeight("kernel", dims(4, 3), zeros), OwnedWeight("bias", dims(3), zeros)),
        Span(0, 0),
    )
    x = Value(Tensor("float", dims("B", "T", 4)), Span(0, 0), "x")
    y = Value(Tensor("float", dims("B", "T", 3)), Span(0, 0))
    node = Node(layer, (x,), {"output": y}, "output", Span(0, 0))
    graph = Graph("Net", "", "", (x,), (("output", y),), (node,), Span(0, 0))
    return Task(graph, None, "net.seq", "", "abc", {})


def run(torch_model: str = TORCH_MODEL, torch_weights: str = TORCH_WEIGHTS) -> Report:
    files = {
        "torch": [OutputFile("model.py", torch_model), OutputFile("weights.py", torch_weights)],
        "keras": [OutputFile("model.py", KERAS_MODEL), OutputFile("weights.py", KERAS_WEIGHTS)],
    }
    return verify.verify(dense_task(), files.__getitem__)


def failed(report: Report) -> list[str]:
    return [check.name for check in report.checks if not check.holds]


def test_twins_that_agree() -> None:
    report = run()
    assert report.holds, report.text()
    assert report.sizes == {"B": 5, "T": 7}
    assert report.text().splitlines()[0] == "Net: PyTorch and Keras, with B=5, T=7"
    assert report.text().endswith("verified")
    assert json.loads(json.dumps(report.to_json()))["holds"] is True
    assert [check.name for check in report.checks] == [
        "parameters, PyTorch",
        "parameters, Keras",
        "weights, PyTorch",
        "weights, Keras",
        "shapes, PyTorch",
        "shapes, Keras",
        "values, output",
    ]


def test_a_parameter_too_many() -> None:
    report = run(
        TORCH_MODEL.replace("Linear(4, 3)\n", "Linear(4, 3)\n        self.more = nn.Linear(1, 1)\n")
    )
    assert failed(report) == ["parameters, PyTorch"]
    assert "17; declared are 15" in report.text()
    assert report.text().endswith("1 of 4 comparisons failed")


def test_values_that_differ() -> None:
    assert failed(run(TORCH_MODEL.replace("self.dense(x)", "self.dense(x) + 1e-4"))) == [
        "values, output"
    ]


def test_shapes_that_differ() -> None:
    report = run(TORCH_MODEL.replace("self.dense(x)", "self.dense(x).transpose(1, 2)"))
    assert failed(report) == ["shapes, PyTorch"]
    assert "[5, 3, 7]; inferred are output [5, 7, 3]" in report.text()


def test_weights_that_change_on_the_way() -> None:
    report = run(torch_weights=TORCH_WEIGHTS.replace("detach()", "detach().mul(2)"))
    assert "weights, PyTorch" in failed(report)
    assert "changed: dense/kernel" in report.text()
    lost = TORCH_WEIGHTS.replace(', "dense/bias": model.dense.bias}', "}")
    report = run(torch_weights=lost)
    assert "not written: dense/bias" in report.text()


def test_one_backend_alone_is_said_to_be_alone() -> None:
    files = [OutputFile("model.py", TORCH_MODEL), OutputFile("weights.py", TORCH_WEIGHTS)]
    report = verify.verify(dense_task(), lambda _: files, backends=["torch"])
    assert report.holds
    assert "only one program was looked at" in report.text()


def test_no_framework_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "installed", lambda backend: False)
    with pytest.raises(RunError, match="no framework is installed"):
        verify.verify(dense_task(), lambda _: [])


def test_gradients_reach_every_parameter(tmp_path_factory: pytest.TempPathFactory) -> None:
    task = dense_task()
    inputs = twins.random_inputs(task.graph, twins.sizes_for(task.graph))
    for backend, model in (("torch", TORCH_MODEL), ("keras", KERAS_MODEL)):
        files = [OutputFile("model.py", model), OutputFile("weights.py", "")]
        built = twins.build(task.graph, files, backend, tmp_path_factory.mktemp(backend))
        found = twins.gradients(built, inputs)
        assert len(found) == 2
        assert all(value > 0 for value in found.values())


def test_tokens_stay_below_their_bound() -> None:
    text = Value(Tensor("token", dims("B", "T"), Dim.of(6)), Span(0, 0), "text")
    graph = Graph("Net", "", "", (text,), (), (), Span(0, 0))
    (tokens,) = twins.random_inputs(graph, {"B": 50, "T": 7})
    assert tokens.shape == (50, 7)
    assert set(tokens.ravel().tolist()) == set(range(6))
