"""Every optimiser with every schedule, and what else shapes a step, goes where Keras's goes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from seqspec.driver import Compilation
from seqspec.running.program import Program, framework
from seqspec.vocabulary import ENTRIES
from tests.matrix.pairwise import cover
from tests.matrix.spec_text import another
from tests.matrix.trial import built
from tests.matrix.updates import NUMBERS, SMALL, STEPS, TOKENS, Bench, compiled

OPTIMIZERS = ENTRIES["optimizer"]
pytestmark = [pytest.mark.torch, pytest.mark.keras]

#: Each schedule so that twenty steps see all of it.
SCHEDULES = {
    "": [""],
    "exponential_decay": ["0.05, 3, 0.8", "0.05, 3, 0.8, staircase=true"],
    "piecewise_constant_decay": ["[3, 8], [0.05, 0.1, 0.01]", "[5], [1, 0.1]"],
    "polynomial_decay": ["0.05, 8", "0.05, 6, 0.01, power=2, cycle=true", "1, 30, 0, power=0.5"],
    "inverse_time_decay": ["0.05, 3, 0.8", "0.05, 3, 0.8, staircase=true"],
    "cosine_decay": [
        "0.05, 12",
        "0.05, 12, alpha=0.1",
        "0, 8, warmup_target=0.05, warmup_steps=5",
        "0.01, 8, alpha=0.2, warmup_target=0.05, warmup_steps=5",
    ],
    "cosine_decay_restarts": [
        "0.05, 4",
        "0.05, 4, t_mul=1",
        "0.05, 3, m_mul=0.7, alpha=0.1",
        "0.05, 3, t_mul=1, m_mul=0.7",
    ],
}
RISE = "piecewise_constant_decay([4, 8], [0.02, 0.05, 0.01])"
#: What every optimiser takes, besides a rate.
SHARED: Mapping[str, Sequence[Hashable]] = {
    "(clip)": ["", "clipnorm=0.5", "global_clipnorm=0.5", "clipvalue=0.2"],
    "weight_decay": ["", "0.5"],
    "gradient_accumulation_steps": ["", "3"],
    "(average)": [
        "",
        "use_ema=true, ema_momentum=0.6",
        "use_ema=true, ema_momentum=0.6, ema_overwrite_frequency=2",
    ],
}
COMMON = (
    *("learning_rate", "clipnorm", "global_clipnorm", "clipvalue", "weight_decay"),
    *("gradient_accumulation_steps", "use_ema", "ema_momentum", "ema_overwrite_frequency"),
)
#: A rate that stays, and one of each schedule.
RATES = ["0.05", *(f"{name}({rows[0]})" for name, rows in SCHEDULES.items() if name)]
EXAMPLES = [f"{name}({args})" for name, rows in SCHEDULES.items() for args in rows if name]
#: PyTorch adds epsilon elsewhere than Keras (see DEVIATIONS), which small gradients show.
LOOSE = {"rmsprop": 4e-2, "adam": 5e-3, "adamw": 5e-3, "adamax": 1e-3}
#: Of the way that the weights went.
APART = 2e-4


def test_every_schedule_is_here() -> None:
    assert set(SCHEDULES) - {""} == set(ENTRIES["schedule"])


def made(model: str, folder: Path) -> Iterator[Bench]:
    compilation = compiled(folder, "optimizer = sgd()", model)
    with built(compilation, folder) as models:
        bench = Bench(folder, models)
        bench.prepare(compilation)
        bench.draw()
        yield bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from made(NUMBERS, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from made(SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Without given gradients: what matters is how they come out of an embedding."""
    folder = tmp_path_factory.mktemp("tokens")
    compilation = compiled(folder, "optimizer = sgd()", TOKENS)
    with built(compilation, folder) as models:
        made = Bench(folder, models)
        made.prepare(compilation)
        framework("tensorflow").config.run_functions_eagerly(True)
        yield made
        framework("tensorflow").config.run_functions_eagerly(False)


def own_arguments() -> Iterator[str]:
    """Each optimiser with each two of its own arguments together."""
    for entry in OPTIMIZERS.values():
        own = [arg for arg in entry.args if arg.name not in COMMON]
        values = {arg.name: ["", *another(arg.name, arg.default)] for arg in own}
        for row in cover({**values, "learning_rate": ["0.05", RISE]}):
            yield call(entry.name, row)


def shared_arguments() -> Iterator[str]:
    """Each two of an optimiser, a schedule, a way to clip and so on together."""
    values = {"(optimizer)": list(OPTIMIZERS), "learning_rate": RATES}
    for row in cover({**values, **SHARED}):
        yield call(str(row.pop("(optimizer)")), row)


def all_three() -> Iterator[str]:
    """Every optimiser with every schedule and every way to clip."""
    for name, rate, clip in product(OPTIMIZERS, RATES, SHARED["(clip)"]):
        yield call(name, {"learning_rate": rate, "(clip)": clip})


def call(name: str, row: Mapping[str, Hashable]) -> str:
    given = [str(v) if k.startswith("(") else f"{k}={v}" for k, v in row.items() if v]
    if "momentum=0.5" not in given and "nesterov=true" in given:
        given.remove("nesterov=true")
    if name in ("sgd", "rmsprop") and "learning_rate=0.05" not in given and not row.get("momentum"):
        given.append("momentum=0.9")  # that is where a rate that changes makes a difference
    return f"{name}({', '.join(given)})"


def cases() -> Iterator[ParameterSet]:
    """The first of each optimiser for the fast run."""
    seen: set[str] = set()
    for text in dict.fromkeys((*shared_arguments(), *own_arguments())):
        name = text.split("(")[0]
        yield pytest.param(text, marks=[pytest.mark.slow] if name in seen else [])
        seen.add(name)


@pytest.mark.parametrize("optimizer", list(cases()), ids=str)
def test_twenty_steps(optimizer: str, bench: Bench) -> None:
    assert_same(optimizer, bench, compiled(bench.folder, f"optimizer = {optimizer}"))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", list(all_three()), ids=str)
def test_every_schedule_and_way_to_clip(optimizer: str, small: Bench) -> None:
    """Twenty steps of two weights, so that all of them are no burden."""
    assert_same(optimizer, small, compiled(small.folder, f"optimizer = {optimizer}", SMALL))


def assert_same(optimizer: str, bench: Bench, compilation: Compilation) -> None:
    """The same weights after all steps, measured by how far they went."""
    found, _ = bench.run(compilation)
    ours, theirs = found["torch"], found["keras"]
    moved = max(float(abs(theirs[key] - bench.start[key]).max()) for key in theirs)
    apart = {key: float(abs(theirs[key] - ours[key]).max()) for key in theirs}
    assert moved > 1e-6
    bound = LOOSE.get(optimizer.split("(")[0], APART)
    assert max(apart.values()) <= bound * moved + 1e-6, (moved, apart)


REPEATED = [
    *(f"{name}(learning_rate={1.0 if name == 'adadelta' else 0.02})" for name in OPTIMIZERS),
    *(f"sgd(clip{how}=0.01)" for how in ("norm", "value")),
    "sgd(global_clipnorm=0.01)",
    "adagrad(gradient_accumulation_steps=2, clipnorm=0.05)",
]


@pytest.mark.parametrize("optimizer", REPEATED)
def test_tokens_that_a_batch_repeats(optimizer: str, tokens: Bench) -> None:
    """Gradients of a token's occurrences are added up before they are squared or clipped."""
    settings = f"optimizer = {optimizer}, shuffle = false"
    assert_same(optimizer, tokens, compiled(tokens.folder, settings, TOKENS))


@pytest.mark.parametrize("schedule", EXAMPLES)
def test_rates(schedule: str, bench: Bench, tmp_path: Path) -> None:
    """The rate of each step, far beyond the end, and what records say of it."""
    compilation = compiled(bench.folder, f"optimizer = sgd(learning_rate={schedule})")
    rates = {}
    for backend in ("torch", "keras"):
        folder = tmp_path / backend
        folder.mkdir()
        for file in compilation.files(backend):
            (folder / file.path).write_text(file.text)
        train = Program(folder, backend).module("train")
        rate = train.learning_rate if backend == "torch" else train.LEARNING_RATE
        rates[backend] = [float(rate(step)) for step in range(5 * STEPS)]
    np.testing.assert_allclose(rates["torch"], rates["keras"], rtol=2e-5, atol=1e-7)
    assert len(set(rates["torch"])) > 1
    _, records = bench.run(compilation, ["torch"])
    assert [r["learning_rate"] for r in records] == [rates["torch"][9], rates["torch"][19]]


@pytest.mark.parametrize(
    "arguments",
    [
        "patience=1",
        "factor=0.5, patience=2, min_delta=0.1",
        "factor=0.7, patience=1, cooldown=1",
        "factor=0.7, patience=2, cooldown=2, min_delta=0",
        "factor=0.3, patience=1, cooldown=4, min_lr=0.01",
    ],
)
def test_plateaus(arguments: str, bench: Bench, tmp_path: Path) -> None:
    """The rate of each epoch, for losses that fall, rise and stay."""
    settings = f"epochs = 30, reduce = on_plateau({arguments})"
    compilation = compiled(bench.folder, f"optimizer = sgd(learning_rate=0.5), {settings}")
    rng = np.random.default_rng(3)
    losses = [float(x) for x in 3 - np.linspace(0, 1.5, 30) + rng.normal(0, 0.2, 30)]
    rates = plateaus(bench, compilation, losses, tmp_path)
    np.testing.assert_allclose(rates["torch"], rates["keras"], rtol=1e-6)
    assert len(set(rates["torch"])) > 2


def plateaus(
    bench: Bench, compilation: Compilation, losses: list[float], folder: Path
) -> dict[str, list[float]]:
    """The learning rate of each epoch, by backend."""
    rates: dict[str, list[float]] = {}
    for backend, one in bench.models.items():
        (folder / backend).mkdir()
        for file in compilation.files(backend):
            (folder / backend / file.path).write_text(file.text)
        program = Program(folder / backend, backend)
        train: Any = program.module("train")
        records: list[dict[str, float]] = []
        if backend == "torch":
            given = iter([x for loss in losses for x in (0.0, loss)])
            train.run_epoch = lambda *_, given=given: {"loss": next(given)}
            dataset = program.module("data").load(bench.folder / "data.npz")
            train.fit(one.model, dataset, folder / "run", report=records.append)
        else:
            train.compile_model(one.model)
            callback = next(c for c in callbacks(train, one.model, folder) if "ReduceLR" in str(c))
            callback.set_model(one.model)
            callback.on_train_begin()
            for epoch, loss in enumerate(losses):
                records.append({"learning_rate": float(one.model.optimizer.learning_rate)})
                callback.on_epoch_end(epoch, {"val_loss": loss})
        rates[backend] = [record["learning_rate"] for record in records]
        program.close()
    return rates


class Fed:
    """A part of the data, and the batches of it."""

    def __init__(self) -> None:
        self.part = self
        self.inputs, self.target = (np.zeros((3, 2, 5)),), np.zeros((3, 2))

    def __len__(self) -> int:
        return 3

    def batch(self, indices: np.ndarray) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        return tuple(values[indices] for values in self.inputs), self.target[indices]


def callbacks(train: Any, model: Any, folder: Path) -> list[Any]:
    """What the Keras program gives to ``fit``."""
    found: list[Any] = []
    part = Fed()
    fake = SimpleNamespace(
        fit=lambda *_, callbacks, **__: found.extend(callbacks),
        optimizer=SimpleNamespace(build=lambda _: None),
        trainable_variables=[],
    )
    train.compile_model, compile_model = (lambda _: None), train.compile_model
    train.Batches = lambda *_: part
    train.fit(fake, SimpleNamespace(train=part, validation=part), folder / "keras-run")
    train.compile_model = compile_model
    assert found
    return found
