"""Twenty steps of a generated program's optimiser on gradients that are given, per backend.

The same model serves all cases: what differs between them stands in ``train.py``. PyTorch's
steps run in the program's own ``fit``; Keras's are what ``compile_model`` made of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqspec.driver import Compilation
from seqspec.running import twins
from seqspec.running.program import Program, framework
from seqspec.running.twins import Built
from tests.matrix.trial import BACKENDS, Array, random_weights, share, task_of

#: Two epochs of ten batches.
STEPS, EPOCHS, BATCH = 20, 2, 3

NUMBERS = "model M(x: float[B, T, 5]) -> float[B, 2] { x -> gru(3) -> dense(2) }"
SMALL = "model M(x: float[B, 5]) -> float[B, 2] { x -> dense(2) }"
TOKENS = (
    "model M(x: token(7)[B, T]) -> float[B, 2] "
    "{ x -> embedding(5) -> global_average_pooling_1d -> dense(2) }"
)
SPEC = """\
{model}
data d {{
    source = npz("data.npz")
    target = y
    split = random(train=60%, validation=20%)
}}
train M {{
    data = d, loss = mse, batch_size = {batch}
    {settings}
}}
"""


def compiled(folder: Path, settings: str, model: str = NUMBERS) -> Compilation:
    """A spec with settings for its training, next to its data."""
    data = folder / "data.npz"
    if not data.exists():
        rng = np.random.default_rng(5)
        count = STEPS // EPOCHS * BATCH * 5 // 3
        x: Array = rng.standard_normal((count, 2, 5)).astype(np.float32)
        if model == SMALL:
            x = x[:, 0]
        if model == TOKENS:
            x = rng.integers(0, 3, (count, 6))  # most of them several times in a batch
        np.savez(data, x=x, y=rng.standard_normal((count, 2)).astype(np.float32))
    spec = folder / "case.seq"
    spec.write_text(SPEC.format(model=model, batch=BATCH, settings=settings))
    compilation = Compilation.of(spec)
    errors = [d for d in compilation.check() if d.severity.value == "error"]
    assert not errors, (settings, errors)
    return compilation


@dataclass
class Bench:
    """Both models, their weights at first, and the gradients of each step as each knows them."""

    folder: Path
    models: Mapping[str, Built]
    start: Mapping[str, Array] = field(default_factory=dict)
    gradients: dict[str, list[list[Any]]] = field(default_factory=dict)

    def prepare(self, compilation: Compilation) -> None:
        """Draws weights."""
        self.task = task_of(compilation)
        self.start = random_weights(self.task.graph, 1.0)

    def draw(self) -> None:
        """Draws gradients: some large, some small, as training has them."""
        rng = np.random.default_rng(11)
        self.gradients = {name: [] for name in BACKENDS}
        for _ in range(STEPS):
            drawn = {
                path: (rng.standard_normal(a.shape) * 10 ** rng.uniform(-1.5, 0, a.shape)).astype(
                    np.float32
                )
                for path, a in self.start.items()
            }
            share(self.models, drawn, self.task, self.folder)
            for name, one in self.models.items():
                self.gradients[name].append([np.array(_number(v)) for v in _trained(one)])

    def run(
        self, compilation: Compilation, backends: Sequence[str] = BACKENDS
    ) -> tuple[dict[str, dict[str, Array]], list[Any]]:
        """The weights after all steps, by backend, and PyTorch's records."""
        share(self.models, self.start, self.task, self.folder)
        records: list[Any] = []
        found: dict[str, dict[str, Array]] = {}
        for name in backends:
            one = self.models[name]
            folder = self.folder / f"{name}-case"
            folder.mkdir(exist_ok=True)
            for file in compilation.files(name):
                (folder / file.path).write_text(file.text)
            program = Program(folder, name)
            train = program.module("train")
            if name == "torch":
                records = self._fit(train, program, one)
            elif self.gradients:
                self._apply(train, one)
            else:
                self._train(train, program, one)
            program.close()
            file_ = self.folder / f"after-{name}.safetensors"
            one.save(file_)
            found[name] = twins.read_weights(file_)
        return found, records

    def _fit(self, train: Any, program: Program, one: Built) -> list[Any]:
        """PyTorch's loop; if gradients are given, with a loss that has them."""
        torch = framework("torch")
        given = iter(self.gradients.get("torch", []))
        weights = _trained(one)

        def measure(*_: object) -> tuple[Any, Any]:
            if not torch.is_grad_enabled():
                return torch.zeros(()), torch.zeros(1)
            pairs = zip(weights, next(given), strict=True)
            loss = sum((w * torch.from_numpy(g)).sum() for w, g in pairs)
            return loss, torch.zeros(1)

        if self.gradients:
            train.measure = measure
        records: list[Any] = []
        dataset = program.module("data").load(self.folder / "data.npz")
        run = self.folder / "run"
        train.fit(one.model, dataset, run, epochs=EPOCHS, report=records.append)
        assert next(given, None) is None, "there were fewer steps than wanted"
        return records

    def _train(self, train: Any, program: Program, one: Built) -> None:
        """Keras's own steps, on the batches of its program."""
        train.compile_model(one.model)
        batches = train.Batches(program.module("data").load(self.folder / "data.npz").train)
        for _ in range(EPOCHS):
            for number in range(len(batches)):
                one.model.train_on_batch(*batches[number])

    def _apply(self, train: Any, one: Built) -> None:
        tf = framework("tensorflow")
        train.compile_model(one.model)
        variables = one.model.trainable_variables
        for gradients in self.gradients["keras"]:
            one.model.optimizer.apply([tf.constant(g) for g in gradients], variables)
        one.model.optimizer.finalize_variable_values(variables)


def _trained(one: Built) -> list[Any]:
    if one.backend == "torch":
        return [p for p in one.model.parameters() if p.requires_grad]
    return list(one.model.trainable_variables)


def _number(weight: Any) -> Array:
    return weight.detach().numpy() if hasattr(weight, "detach") else weight.numpy()
