"""What can be seen of other devices without one: nothing in a program stays behind on the CPU.

PyTorch's device `meta` computes shapes only, and refuses to mix with tensors of the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec import cli
from seqspec.driver import Compilation
from seqspec.ir.carried import explicit
from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built

EXAMPLES = Path(__file__).parents[2] / "examples"
# Padded sequences are not among them: which steps are data is no question of shapes.
SEEN = ["s1_carried", "s3_streams", "s4_state", "s5_states", "l1_options", "l6_tied", "l_attention"]


def build(name: str, folder: Path) -> tuple[Built, Any]:
    compilation = Compilation.of(EXAMPLES / "rows" / f"{name}.seq")
    assert compilation.task is not None
    graph = compilation.task.graph
    weights = twins.random_weights(graph)
    file = folder / "weights.safetensors"
    twins.write_weights(file, weights, compilation.task.digest, graph.name)
    return twins.build(graph, compilation.files("torch"), "torch", folder), explicit(graph)


def moved(given: Any) -> Any:
    """The same on the other device; a state is a tuple of tensors."""
    if isinstance(given, tuple):
        return type(given)(*map(moved, given))
    return given.to("meta")


def tensors(result: Any) -> Iterator[Any]:
    if isinstance(result, framework("torch").Tensor):
        yield result
        return
    for part in result:
        yield from tensors(part)


@pytest.mark.torch
@pytest.mark.parametrize("name", SEEN)
def test_a_model_computes_where_it_is(name: str, tmp_path: Path) -> None:
    """All that forward makes anew, such as first states and masks, is made there, too."""
    one, graph = build(name, tmp_path)
    inputs = twins.torch_inputs(one, twins.random_inputs(graph, twins.sizes_for(graph)))
    one.model.to("meta")
    one.program.module("weights").load(one.model, tmp_path / "weights.safetensors")
    assert all(weight.is_meta for weight in one.model.parameters()), "loading moves no model"
    results = [*tensors(one.model(*map(moved, inputs)))]
    assert results
    assert all(tensor.is_meta for tensor in results)
    one.program.close()


@pytest.mark.torch
def test_carried_state_is_where_the_model_is(tmp_path: Path) -> None:
    one, _ = build("s1_carried", tmp_path)
    data, train = one.program.module("data"), one.program.module("train")
    one.model.to("meta")
    stream = data.load(EXAMPLES / "data" / "stations.csv").test.stream
    carried = train.Carried(one.model, stream)
    torch = framework("torch")
    for chunk in data.chunks(stream, 2)[:3]:
        inputs = [moved(torch.from_numpy(array)) for array in stream.batch(chunk)]
        _, state = one.model(*inputs, carried.before(chunk))
        carried.after(chunk, state)
    assert all(tensor.is_meta for tensor in carried.state)
    one.program.close()


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("keras", marks=pytest.mark.keras),
    ],
)
def test_a_device_that_is_not_there(backend: str, tmp_path: Path) -> None:
    compilation = Compilation.of(EXAMPLES / "rows" / "s1_carried.seq")
    assert compilation.task is not None
    one = twins.build(compilation.task.graph, compilation.files(backend), backend, tmp_path)
    train = one.program.module("train")
    assert train.choose_device("cpu") == "cpu"
    with pytest.raises(train.TrainingError, match="no device 'tpu': choose cpu or cuda"):
        train.choose_device("tpu")
    if not framework("torch").cuda.is_available():
        with pytest.raises(train.TrainingError, match="no CUDA device"):
            train.choose_device("cuda")
    one.program.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("keras", marks=pytest.mark.keras),
    ],
)
@pytest.mark.parametrize(("here", "there"), [("cpu", "cpu"), ("cuda", "cpu"), ("cpu", "cuda")])
def test_trained_here_and_run_there(here: str, there: str, backend: str, tmp_path: Path) -> None:
    """Weights, and the state that training ended with; the first pair is for machines without."""
    if "cuda" in (here, there) and not gpu(backend):
        pytest.skip(f"{backend} sees no GPU here")
    run, spec = str(tmp_path / "run"), str(EXAMPLES / "rows" / "s1_carried.seq")
    train = ["train", spec, "--backend", backend, "--epochs", "1", "--run", run]
    assert cli.main([*train, "--device", here]) == 0
    ended: list[np.ndarray] = []
    went_on: list[np.ndarray] = []
    for place, device in enumerate((here, there)):
        out, state = str(tmp_path / f"{place}.npy"), str(tmp_path / f"{place}.state")
        again = ["predict", run, "--carried", "--device", device, "-o", out]
        assert cli.main([*again, "--state-out", state]) == 0
        ended.append(np.load(out))
        # What one device has ended with, the other one goes on from.
        onward = ["predict", run, "--state-in", state, "--device", there, "-o", out]
        assert cli.main(onward) == 0
        went_on.append(np.load(out))
    # On a GPU products are rounded to TF32, of some three digits.
    bound = 1e-6 if here == there else 5e-3
    for one, other in (ended, went_on):
        assert np.isfinite(one).all()
        assert one.std() > 1, "degrees that differ from hour to hour"
        assert abs(one - other).max() < bound * one.std()
    assert abs(ended[0] - went_on[0]).max() > bound * ended[0].std(), "states make a difference"


def gpu(backend: str) -> bool:
    """Whether a framework sees a GPU."""
    if backend == "torch":
        return framework("torch").cuda.is_available()
    return bool(framework("tensorflow").config.list_physical_devices("GPU"))
