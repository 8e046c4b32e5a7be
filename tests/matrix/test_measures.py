"""Every loss with every kind of mask and of weight: value and gradient, against equations in numpy.

Both programs measure one batch of their own data, as the first step of their training does:
PyTorch by ``measure``, Keras by what ``compile_model`` made of the model. The reference is the mean
over the steps of data of what the loss says of each, times its weight, as Keras counts; its
gradient is found by differences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.diagnostics.model import Severity
from seqspec.driver import Compilation
from seqspec.running.program import Program, framework
from seqspec.running.twins import Built
from seqspec.types import Role
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Arg, Entry
from tests.matrix.losses import EQUATIONS, SQUASH, Array, sigmoid, softmax
from tests.matrix.pairwise import cover
from tests.matrix.spec_text import another, findings
from tests.matrix.test_training import positive, targets
from tests.matrix.trial import built, canonical, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

SAMPLES, STEPS, FEATURES = 9, 4, 5
CLOSE = 1e-5  # of the loss, and of the largest gradient

#: How padding is told from data: the type of the input, what comes before the last layer.
MASKS = {
    "none": ("float[B, T, 5]", ""),
    "token": ("token(8, pad=3)[B, T]", "embedding(5) -> "),
    "value": ("float(pad=-1)[B, T, 5]", ""),
    "lengths": ("float(pad=lengths)[B, T, 5]", ""),
}
#: Activation of the last layer, and whether something stands between it and the loss.
ENDS = {
    Role.PLAIN: [("", "")],
    Role.PROBABILITY: [("sigmoid", ""), ("sigmoid", " -> dropout(0)")],
    Role.PROBABILITIES: [("softmax", ""), ("softmax", " -> dropout(0)")],
}
SPEC = """\
model M(x: {type}) {{ x -> {first}dense({width}{activation}){behind} }}
data d {{ source = npz("data.npz"), target = y, split = chronological() }}
train M {{ data = d, batch_size = {samples}, loss = {loss}({arguments}) }}
"""
#: Kinds of arguments of a loss, with what they are given here; of all others see ``another``.
WEIGHTS = {
    "column": ["", "each", "all"],  # of samples, of steps
    "class weight": ["", "[1, 3, 0.5]", "balanced"],
}


@dataclass(frozen=True)
class Case:
    """A loss behind an output, and what its steps weigh."""

    loss: str
    role: Role
    activation: str
    behind: str
    mask: str
    arguments: Mapping[str, str]

    @property
    def entry(self) -> Entry:
        return ENTRIES["loss"][self.loss]

    @property
    def target(self) -> str:
        return self.entry.facts["target"]

    @property
    def width(self) -> int:
        """Classes; of yes and no those of one answer can be weighed."""
        return 1 if self.target == "binary" and "class_weight" in self.arguments else 3

    @property
    def text(self) -> str:
        type_, first = MASKS[self.mask]
        return SPEC.format(
            type=type_,
            first=first,
            width=self.width,
            activation=f", activation={self.activation}" if self.activation else "",
            behind=self.behind,
            samples=SAMPLES,
            loss=self.loss,
            arguments=", ".join(f"{name}={value}" for name, value in self.arguments.items()),
        )


def weighing(entry: Entry, mask: str) -> Iterator[dict[str, str]]:
    """Every way to weigh what a loss compares, while its own arguments go round in pairs."""
    kinds = {arg.name: WEIGHTS.get(arg.kind.category, []) for arg in entry.args}
    own = {arg.name: ["", *others(arg)] for arg in entry.args if not kinds[arg.name]}
    rounds = cover(own) or [{}]
    weights = {name: values for name, values in kinds.items() if values}
    weighed = [dict(zip(weights, values, strict=True)) for values in product(*weights.values())]
    rows = [{**row, **rounds[number % len(rounds)]} for number, row in enumerate(weighed)]
    # Those once more without weights, as programs know shorter forms of that.
    again = rounds[1:] if mask in ("none", "lengths") else []
    for row in [*rows, *again]:
        given = {name: str(value) for name, value in row.items() if value}
        if entry.facts["target"] == "binary" and given.get("class_weight", "").startswith("["):
            given["class_weight"] = "[1, 3]"
        yield given


def others(arg: Arg) -> list[str]:
    """A class that is left out, or another value than the default."""
    return ["1"] if arg.default is None else another(arg.name, arg.default)


def ends() -> Iterator[tuple[str, Role, str, str]]:
    """Each loss behind each output that changes what it has to compute."""
    for name, entry in ENTRIES["loss"].items():
        roles = entry.facts["roles"]
        for role in (Role.PLAIN,) if Role.MIXED in roles else roles:
            for activation, behind in ENDS[role]:
                yield name, role, "softplus" if positive(name, role) else activation, behind


def arrays(case: Case) -> dict[str, Any]:
    """What the file holds: all samples are trained on, but for a few at the end."""
    rng = np.random.default_rng(5)
    count = SAMPLES * 2
    lengths = rng.integers(1, STEPS + 1, count)
    padded = rng.random((count, STEPS)) < 0.4
    padded[:, 1] = False
    x: Array = rng.standard_normal((count, STEPS, FEATURES)).astype(np.float32)
    if case.mask == "token":
        x = np.where(padded, 3, rng.choice([0, 1, 2, 4, 5, 6, 7], padded.shape))
    elif case.mask == "value":
        x[padded] = -1
    return {
        "x": x,
        "x_lengths": lengths,
        "y": targets(case.loss, (count, STEPS, case.width), rng),
        "each": rng.integers(0, 4, count) / 2,
        "all": rng.integers(0, 4, (count, STEPS)),
    }


def read_from(case: Case, data: Mapping[str, Array]) -> Array:
    """Which steps are data, as the type of the input says it. [samples, steps]"""
    x = data["x"][:SAMPLES]
    if case.mask == "token":
        return x != 3
    if case.mask == "value":
        return (x != -1).any(-1)
    if case.mask == "lengths":
        return np.arange(STEPS) < data["x_lengths"][:SAMPLES, None]
    return np.ones((SAMPLES, STEPS), bool)


class Reference:
    """The loss of a batch as a function of the weights, in numpy."""

    def __init__(self, case: Case, data: Mapping[str, Array]) -> None:
        self.case = case
        self.x, self.y = data["x"][:SAMPLES], data["y"][:SAMPLES]
        self.counts = read_from(case, data)
        weight = np.ones((SAMPLES, STEPS))
        kinds = {arg.name: arg.kind.category for arg in case.entry.args}
        self.arguments: dict[str, Any] = {}
        for name, text in case.arguments.items():
            if kinds[name] == "column":
                rows = data[text][:SAMPLES].astype(float)
                weight = weight * (rows if text == "all" else rows[:, None])
            elif kinds[name] == "class weight":
                weight = weight * self._of_classes(text, data["y"])
            elif name == "ignore_class":
                self.counts = self.counts & (self.y != int(text))
            else:
                self.arguments[name] = {"true": True, "false": False}.get(text) or float(text)
        self.weight = weight * self.counts

    def _of_classes(self, text: str, y: Array) -> Array:
        ids = {"binary": lambda: y[..., 0], "one_hot": lambda: y.argmax(-1)}
        classes = ids.get(self.case.target, lambda: y)().astype(int)
        if text != "balanced":
            return np.array(json.loads(text))[classes[:SAMPLES]]
        train = classes[: round(0.7 * len(classes))]
        train = train[train != int(self.case.arguments.get("ignore_class", -1))]
        counts = np.bincount(train, minlength=classes.max() + 1)
        return (train.size / len(counts) / np.maximum(counts, 1))[classes[:SAMPLES]]

    def loss(self, weights: Mapping[str, Array]) -> float:
        first = weights.get("embedding/embeddings")
        features = self.x if first is None else first[self.x]
        given = features @ weights["dense/kernel"] + weights["dense/bias"]
        squashes = {
            "sigmoid": sigmoid,
            "softmax": softmax,
            "softplus": lambda x: np.log1p(np.exp(x)),
        }
        if self.case.activation:
            given = squashes[self.case.activation](given)
        elif self.case.loss.endswith("crossentropy"):
            given = SQUASH[self.case.target](given)
        values = EQUATIONS[self.case.loss](given, self.y, **self.arguments)
        return float((values * self.weight).sum() / self.counts.sum())

    def gradients(self, weights: Mapping[str, Array]) -> dict[str, Array]:
        found = {name: np.zeros(array.shape) for name, array in weights.items()}
        for name, array in weights.items():
            for place in np.ndindex(array.shape):
                before = array[place]
                sides: list[float] = []
                for step in (1e-6, -1e-6):
                    array[place] = before + step
                    sides.append(self.loss(weights))
                array[place] = before
                found[name][place] = (sides[0] - sides[1]) / 2e-6
        return found


def measured(one: Built, folder: Path, file: Path) -> tuple[float, list[Array]]:
    """The loss of the first batch, and its gradient by parameter, as the program trains."""
    program = Program(folder, one.backend)
    train = program.module("train")
    part = program.module("data").load(file).train
    if one.backend == "torch":
        found = _of_torch(train, program, one.model, part)
    else:
        found = _of_keras(train, one.model, part)
    program.close()
    return found


def _of_torch(train: Any, program: Program, model: Any, part: Any) -> tuple[float, list[Array]]:
    torch = framework("torch")
    inputs, *rest = next(program.module("data").batches(part, SAMPLES))
    tensors = [torch.from_numpy(array) for array in inputs]
    model.zero_grad()
    loss, _ = train.measure(model.train(), tensors, *map(torch.from_numpy, rest))
    loss.backward()
    return loss.item(), [p.grad.numpy() for p in model.parameters()]


def _of_keras(train: Any, model: Any, part: Any) -> tuple[float, list[Array]]:
    tf = framework("tensorflow")
    train.compile_model(model)
    inputs, target, *weight = train.Batches(part)[0]
    with tf.GradientTape() as tape:
        given = model(inputs, training=True)
        loss = model.compute_loss(inputs, target, given, *weight)
    found = tape.gradient(loss, [v.value for v in model.trainable_weights])
    return float(loss), [np.array(tf.convert_to_tensor(g)) for g in found]


def by_name(one: Built, arrays: Sequence[Array], folder: Path) -> dict[str, Array]:
    """What belongs to each parameter by canonical name, in Keras's layout."""
    if one.backend == "torch":
        torch = framework("torch")
        for parameter, array in zip(one.model.parameters(), arrays, strict=True):
            parameter.data = torch.from_numpy(array.copy())
    else:
        for variable, array in zip(one.model.trainable_weights, arrays, strict=True):
            variable.assign(array)
    return canonical(one, folder)


def close(found: Array | float, expected: Array | float) -> bool:
    largest = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(np.subtract(found, expected)).max()) <= CLOSE * largest


def written(compilation: Compilation, backend: str, folder: Path) -> str:
    """The text of the model of a program, which is written into a folder."""
    files = {str(file.path): file.text for file in compilation.files(backend)}
    for path, text in files.items():
        (folder / path).write_text(text)
    return files["model.py"]


def compiled(case: Case, folder: Path) -> Compilation:
    """A spec beside its data, of which nothing is said."""
    spec = folder / "case.seq"
    spec.write_text(case.text)
    compilation = Compilation.of(spec)
    assert not compilation.check(), case.text
    return compilation


def attempt(cases: Sequence[Case], folder: Path) -> None:
    """Cases that differ in what their losses weigh: one model of each backend serves them all."""
    data = arrays(cases[0])
    np.savez(folder / "data.npz", **data)
    first = compiled(cases[0], folder)
    with built(first, folder) as models:
        weights = random_weights(task_of(first).graph, 1.0)
        exact = {name: array.astype(float) for name, array in weights.items()}
        for case in cases:
            compilation = compiled(case, folder)
            reference = Reference(case, data)
            loss, gradients = reference.loss(exact), reference.gradients(exact)
            share(models, weights, task_of(first), folder)
            for backend, one in models.items():
                place = folder / backend
                before = (place / "model.py").read_text().partition("class ")[2]
                assert written(compilation, backend, place).partition("class ")[2] == before
                found, raw = measured(one, place, folder / "data.npz")
                assert close(found, loss), f"{backend}: {found}, not {loss}\n{case.text}"
                for name, gradient in by_name(one, raw, folder).items():
                    apart = abs(gradient - gradients[name]).max()
                    told = f"{backend}: {name} is off by {apart}\n{case.text}"
                    assert close(gradient, gradients[name]), told


@pytest.mark.parametrize(
    ("loss", "role", "activation", "behind"),
    [
        pytest.param(
            *end,
            id=f"{end[0]}-{end[1].value}{end[3]}",
            marks=pytest.mark.slow if number else [],  # the first is for the fast run
        )
        for number, end in enumerate(ends())
    ],
)
def test_every_mask_and_weight(
    loss: str, role: Role, activation: str, behind: str, tmp_path: Path
) -> None:
    tried = 0
    for mask in MASKS:
        cases = [
            Case(loss, role, activation, behind, mask, given)
            for given in weighing(ENTRIES["loss"][loss], mask)
            if mask == "none" or given.get("class_weight") != "balanced"
        ]
        for width in {case.width for case in cases}:
            folder = tmp_path / f"{mask}-{width}"
            folder.mkdir()
            alike = [case for case in cases if case.width == width]
            attempt(alike, folder)
            tried += len(alike)
    assert tried >= 3 * len(MASKS)


def test_every_loss_has_an_equation() -> None:
    assert set(EQUATIONS) == set(ENTRIES["loss"]) == {loss for loss, *_ in ends()}


def test_what_is_left_out_is_told() -> None:
    """All that the matrix does without: weights that would count padding among the classes."""
    told: set[str] = set()
    for loss, role, activation, behind in ends():
        for mask in MASKS:
            for given in weighing(ENTRIES["loss"][loss], mask):
                if mask == "none" or given.get("class_weight") != "balanced":
                    continue
                case = Case(loss, role, activation, behind, mask, given)
                (error,) = (d for d in findings(case.text) if d.severity is Severity.ERROR)
                assert error.code.number == "SEQ309", case.text
                told.add(error.message)
    assert told == {"`balanced` counts the classes of the training part, padding among them"}
