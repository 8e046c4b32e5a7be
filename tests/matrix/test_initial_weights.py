"""Fresh weights come from the distributions that Keras states, in both programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built
from seqspec.vocabulary import ENTRIES, LAYERS
from tests.matrix.spec_text import entry_texts
from tests.matrix.steps import Step
from tests.matrix.trial import BACKENDS, Array, built, canonical, checked, sizes_of, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

INPUTS, UNITS = 60, 240  # 14400 numbers: means are known to one percent of the deviation

FAN_IN, FAN_BOTH = INPUTS, INPUTS + UNITS

#: Deviation of a normal distribution cut at two deviations, as a share of what it was.
CUT = 0.8796256610342398


@dataclass(frozen=True)
class Law:
    """A distribution: mean, deviation, and bounds that nothing lies outside of."""

    mean: float
    deviation: float
    low: float = -math.inf
    high: float = math.inf


def uniform(limit: float) -> Law:
    return Law(0, limit / math.sqrt(3), -limit, limit)


def cut_normal(variance: float) -> Law:
    """Drawn from a wider normal and cut, so that the variance is what it says."""
    bound = 2 * math.sqrt(variance) / CUT
    return Law(0, math.sqrt(variance), -bound, bound)


#: What Keras 3 says of its initialisers, for a kernel of INPUTS rows and UNITS columns.
LAWS: Mapping[str, Law] = {
    "zeros": Law(0, 0, 0, 0),
    "ones": Law(1, 0, 1, 1),
    "constant": Law(0, 0, 0, 0),
    "constant(value=0.5)": Law(0.5, 0, 0.5, 0.5),
    "uniform": uniform(0.05),
    "uniform(minval=0.5, maxval=1.5)": Law(1, 1 / math.sqrt(12), 0.5, 1.5),
    "normal": Law(0, 0.05),
    "normal(mean=0.5, stddev=1.5)": Law(0.5, 1.5),
    "truncated_normal": Law(0, 0.05 * CUT, -0.1, 0.1),
    "truncated_normal(mean=0.5, stddev=1.5)": Law(0.5, 1.5 * CUT, -2.5, 3.5),
    "glorot_uniform": uniform(math.sqrt(6 / FAN_BOTH)),
    "glorot_normal": cut_normal(2 / FAN_BOTH),
    "he_uniform": uniform(math.sqrt(6 / FAN_IN)),
    "he_normal": cut_normal(2 / FAN_IN),
    "lecun_uniform": uniform(math.sqrt(3 / FAN_IN)),
    "lecun_normal": cut_normal(1 / FAN_IN),
    "orthogonal": Law(0, 1 / math.sqrt(UNITS)),
    "orthogonal(gain=0.5)": Law(0, 0.5 / math.sqrt(UNITS)),
    "identity": Law(1 / UNITS, math.sqrt(1 / UNITS - 1 / UNITS**2), 0, 1),
    "identity(gain=0.5)": Law(0.5 / UNITS, 0.5 * math.sqrt(1 / UNITS - 1 / UNITS**2), 0, 0.5),
    "variance_scaling": cut_normal(1 / FAN_IN),
    "variance_scaling(scale=0.5, mode=fan_out, distribution=untruncated_normal)": Law(
        0, math.sqrt(0.5 / UNITS)
    ),
    "variance_scaling(scale=2.0, mode=fan_avg, distribution=uniform)": uniform(
        math.sqrt(12 / FAN_BOTH)
    ),
    "variance_scaling(scale=2.0, mode=fan_out)": cut_normal(2 / UNITS),
}


def assert_law(array: Array, law: Law, what: str) -> None:
    """Mean and deviation within five times their own deviations; nothing out of bounds."""
    array = array.astype(np.float64)
    slack = 5 / math.sqrt(array.size)
    assert abs(array.mean() - law.mean) <= slack * law.deviation + 1e-7, f"{what}: {array.mean()}"
    assert abs(array.std() - law.deviation) <= slack * law.deviation + 1e-7, (
        f"{what}: deviation {array.std()}, not {law.deviation}"
    )
    edge = 1e-6 * max(1.0, law.deviation)
    assert law.low - edge <= array.min(), f"{what}: {array.min()} is below {law.low}"
    assert array.max() <= law.high + edge, f"{what}: {array.max()} is above {law.high}"
    if law.deviation and math.isfinite(law.high):
        # Numbers do come near their bounds: a narrower law would pass otherwise.
        assert array.max() > law.mean + 0.8 * (law.high - law.mean), f"{what}: {array.max()}"


def fresh(spec: str, folder: Path) -> Iterator[tuple[str, Built, dict[str, Array]]]:
    """Backend, model and weights of a newly built model."""
    with built(checked(spec), folder) as models:
        for backend, one in models.items():
            yield backend, one, canonical(one, folder)


def test_every_initialiser_has_its_law() -> None:
    drawn = [e for e in ENTRIES["initializer"].values() if not e.facts["file"]]
    written = {t for e in drawn for t in entry_texts(e)}
    assert written <= set(LAWS)


@pytest.mark.slow
def test_kernels(tmp_path: Path) -> None:
    """All initialisers in one model: a dense layer each."""
    names = [f"k{i}" for i in range(len(LAWS))]
    header = ", ".join(f"{name}: float[B, {UNITS}]" for name in names)
    lines = "".join(
        f"    {name} = x -> dense({UNITS}, kernel_initializer={law}, use_bias=false)\n"
        for name, law in zip(names, LAWS, strict=True)
    )
    spec = f"model M(x: float[B, {INPUTS}]) -> ({header}) {{\n{lines}}}\n"
    for backend, _, weights in fresh(spec, tmp_path):
        for array, (text, law) in zip(weights.values(), _in_order(weights), strict=True):
            assert_law(array, law, f"{backend}, {text}")
            if text.startswith("orthogonal"):
                gain = law.deviation * math.sqrt(UNITS)
                np.testing.assert_allclose(
                    array @ array.T, gain**2 * np.eye(INPUTS), atol=1e-5, err_msg=backend
                )


def _in_order(weights: Mapping[str, Array]) -> list[tuple[str, Law]]:
    """The laws of weights called k0_dense, k1_dense …, in the order of the file."""
    laws = list(LAWS.items())
    return [laws[int(name.split("_")[0].removeprefix("k"))] for name in weights]


RECURRENT = {spec.name: spec for spec in LAYERS.values() if spec.states}


@pytest.mark.parametrize("both_ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("slow", [False, True], ids=["fused", "own loop"])
@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.slow
def test_recurrent_defaults(kind: str, slow: bool, both_ways: bool, tmp_path: Path) -> None:
    """Fans are those of the whole kernel, all gates side by side."""
    call = f"{kind}(40, activation=softsign)" if slow else f"{kind}(40)"
    call = f"bidirectional({call})" if both_ways else call
    for backend, _, weights in fresh(f"model M(x: float[B, T, 50]) {{ x -> {call} }}\n", tmp_path):
        kernels = {name: a for name, a in weights.items() if name.endswith("/kernel")}
        assert len(kernels) == (2 if both_ways else 1)
        drawn = list(kernels.values())
        assert both_ways is False or not np.array_equal(drawn[0], drawn[1])
        for name, kernel in kernels.items():
            recurrent = weights[f"{name.removesuffix('kernel')}recurrent_kernel"]
            bias = weights[f"{name.removesuffix('kernel')}bias"]
            assert_law(kernel, uniform(math.sqrt(6 / sum(kernel.shape))), f"{backend} {name}")
            np.testing.assert_allclose(
                recurrent @ recurrent.T, np.eye(40), atol=1e-5, err_msg=f"{backend} {name}"
            )
            expected = np.zeros_like(bias)
            if any(a.name == "unit_forget_bias" for a in RECURRENT[kind].args):
                expected[40:80] = 1
            np.testing.assert_array_equal(bias, expected, err_msg=f"{backend} {name}")


@pytest.mark.parametrize(
    ("arguments", "forget", "others"),
    [
        ("unit_forget_bias=false", 0.0, 0.0),
        ("bias_initializer=constant(0.25)", 1.0, 0.25),
        ("bias_initializer=constant(0.25), unit_forget_bias=false", 0.25, 0.25),
    ],
)
def test_forget_bias(arguments: str, forget: float, others: float, tmp_path: Path) -> None:
    spec = f"model M(x: float[B, T, 5]) {{ x -> lstm(3, {arguments}) }}\n"
    for backend, _, weights in fresh(spec, tmp_path):
        bias = weights["lstm/bias"]
        np.testing.assert_array_equal(bias[3:6], forget, err_msg=backend)
        np.testing.assert_array_equal(np.delete(bias, range(3, 6)), others, err_msg=backend)


@pytest.mark.parametrize("kind", ["lstm", "simple_rnn"])
def test_the_second_bias_stays_zero(kind: str, tmp_path: Path) -> None:
    """PyTorch has two biases where Keras has one: the second is there, and out of the game."""
    spec = (
        f"model M(x: float[B, T, 5]) {{ x -> bidirectional({kind}(3, return=sequence)) "
        f"-> {kind}(2) }}\n"
    )
    compilation = checked(spec)
    graph = task_of(compilation).graph
    with built(compilation, tmp_path) as models:
        model = models["torch"].model
        sizes = sizes_of(graph, (4, 5))
        inputs = twins.random_inputs(graph, sizes)
        step = Step(models["torch"], inputs, [np.ones((4, 2), np.float32)])
        torch = framework("torch")
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
        for _ in range(3):
            step.gradients(training=True)
            optimizer.step()
        second = {n: p for n, p in model.named_parameters() if "bias_hh" in n}
        assert len(second) == 3
        assert all(not p.requires_grad and not p.any() for p in second.values())
        assert not any("bias_hh" in name for name in canonical(models["torch"], tmp_path))


def test_seeds(tmp_path: Path) -> None:
    """The same seed gives the same weights, built anew."""
    spec = "model M(x: token(9)[B, T]) { x -> embedding(4) -> gru(3) }\n"
    first, second = ({b: weights for b, _, weights in fresh(spec, tmp_path)} for _ in range(2))
    for backend in BACKENDS:
        for name, array in first[backend].items():
            assert np.array_equal(array, second[backend][name]), f"{backend} {name}"
