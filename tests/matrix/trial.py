"""One spec on trial: both programs built, and held against the checker and each other.

More than ``seqspec verify``: two sets of sizes, gradients by canonical name, a training step.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqspec.diagnostics.model import Severity
from seqspec.diagnostics.render import text as rendered
from seqspec.driver import Compilation, Options
from seqspec.ir.findings import layers_of
from seqspec.ir.graph import Graph
from seqspec.ir.task import Task
from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built
from seqspec.types import Tensor

BACKENDS = ("torch", "keras")

#: Numbers for the sizes that only data gives, in order of appearance, and others: the same programs
#: must take other lengths. The first are distinct and no widths of the specs: a swapped axis
#: cannot pass. Time is short in SHORT, so that cells without a bound (linear gates, exponential
#: activations) do not leave the range of float32.
SHORT = ((11, 2, 7, 23, 29, 31), (2, 1, 6, 5, 3, 7))
LONG = ((13, 7, 11, 17, 19, 23), (2, 9, 5, 3, 1, 7))
SCALES = (0.5, 0.02)  # of random weights; the second where the first leaves LARGEST
LARGEST = 100.0  # of outputs, so that dropping some and counting others for more stays in range

FORWARD = 1e-5  # of the largest value, or of 1
GRADIENT = 1e-4  # of the largest gradient of the same weight, or of all weights / 100
NO_GRADIENT = 1e-6  # norms below this are rounding

Array = np.ndarray[Any, np.dtype[Any]]


def checked(text: str, model: str | None = None, *, clean: bool = True) -> Compilation:
    """A spec without errors; without warnings too, if ``clean``. Notes are welcome."""
    compilation = Compilation.of_text(text, "case.seq", Options(model=model))
    findings = compilation.check()
    wrong = (Severity.ERROR, Severity.WARNING) if clean else (Severity.ERROR,)
    told = [rendered(d, compilation.source) for d in findings if d.severity in wrong]
    assert not told, "\n".join([text, *told])
    assert compilation.task is not None
    return compilation


@contextmanager
def built(compilation: Compilation, folder: Path) -> Iterator[dict[str, Built]]:
    """Both programs with their models, the same on every run; forgotten afterwards."""
    seed()
    graph = task_of(compilation).graph
    models: dict[str, Built] = {}
    try:
        for backend in BACKENDS:
            files = compilation.files(backend)
            models[backend] = twins.build(graph, files, backend, folder / backend)
        yield models
    finally:
        for one in models.values():
            one.program.close()
        models.clear()
        framework("keras").backend.clear_session()
        gc.collect(1)


def seed() -> None:
    """Whatever draws at random draws the same again: weights, order, what is dropped."""
    framework("torch").manual_seed(7)
    framework("keras").utils.set_random_seed(7)  # Python's and numpy's own generators, too


def task_of(compilation: Compilation) -> Task:
    assert compilation.task is not None
    return compilation.task


def sizes_of(graph: Graph, numbers: Sequence[int]) -> dict[str, int]:
    """A number for each open size."""
    return dict(zip(graph.symbols(), numbers, strict=False))


@dataclass
class Trial:
    """What :func:`attempt` found, for tests that look further."""

    graph: Graph
    outputs: dict[str, list[Array]]
    gradients: dict[str, dict[str, Array]]


def attempt(
    text: str,
    folder: Path,
    model: str | None = None,
    numbers: tuple[Sequence[int], Sequence[int]] = LONG,
) -> Trial:
    """Everything that must hold for any spec that checks; fails with the spec in the message."""
    compilation = checked(text, model)
    try:
        with built(compilation, folder) as models:
            return _attempt(task_of(compilation), models, folder, numbers)
    except AssertionError as error:
        raise AssertionError(f"{error}\n\n{text}") from error


def _attempt(
    task: Task,
    models: Mapping[str, Built],
    folder: Path,
    numbers: tuple[Sequence[int], Sequence[int]],
) -> Trial:
    graph = task.graph
    for one in models.values():
        real, derived = twins.real_counts(one), twins.derived_counts(graph)
        assert real == derived, f"{one.backend} has {real} parameters, declared are {derived}"
    main, others = (sizes_of(graph, n) for n in numbers)
    inputs = twins.random_inputs(graph, main)
    weights: dict[str, Array] = {}
    for scale in SCALES:
        weights = random_weights(graph, scale)
        share(models, weights, task, folder)
        if all(abs(array).max() <= LARGEST for array in twins.forward(models["torch"], inputs)):
            break
    outputs = _outputs(models, inputs)
    compare_outputs(graph, main, outputs)
    compare_outputs(graph, others, _outputs(models, twins.random_inputs(graph, others)))
    gradients = _train_once(task, models, folder, weights, main)
    return Trial(graph, outputs, gradients)


def _outputs(models: Mapping[str, Built], inputs: Sequence[Array]) -> dict[str, list[Array]]:
    return {name: twins.forward(one, inputs) for name, one in models.items()}


def random_weights(graph: Graph, scale: float) -> dict[str, Array]:
    """Weights that are neither zero nor equal."""
    drawn = twins.random_weights(graph)
    return {name: np.asarray(scale * array, np.float32) for name, array in drawn.items()}


def share(
    models: Mapping[str, Built], weights: Mapping[str, Array], task: Task, folder: Path
) -> None:
    """Gives both programs the same weights, through one file; each gives back what it got."""
    file = folder / "shared.safetensors"
    twins.write_weights(file, weights, task.digest, task.graph.name)
    for one in models.values():
        one.load(file)
        kept = canonical(one, folder)
        assert kept.keys() == weights.keys(), f"{one.backend}: {kept.keys() ^ weights.keys()}"
        changed = [name for name in kept if not np.array_equal(kept[name], weights[name])]
        assert not changed, f"{one.backend} changed {changed}"


def canonical(one: Built, folder: Path) -> dict[str, Array]:
    """The weights of a model as its program writes them."""
    file = folder / f"{one.backend}.safetensors"
    one.save(file)
    return twins.read_weights(file)


def compare_outputs(
    graph: Graph, sizes: Mapping[str, int], outputs: Mapping[str, Sequence[Array]]
) -> None:
    """Shapes as inferred, numbers as those of the other program."""
    expected = twins.output_shapes(graph, sizes)
    for backend, arrays in outputs.items():
        shapes = [(name, a.shape) for (name, _), a in zip(expected, arrays, strict=True)]
        assert shapes == expected, f"{backend} gives {shapes}, inferred are {expected}"
        tokens = [isinstance(v.type, Tensor) and v.type.kind == "token" for _, v in graph.outputs]
        if not any(tokens):  # those have whatever whole numbers the framework likes
            kinds = [array.dtype for array in arrays]
            assert all(kind == np.float32 for kind in kinds), f"{backend} gives {kinds}"
    torch, keras = (outputs[name] for name in BACKENDS)
    for (name, _), ours, theirs in zip(expected, torch, keras, strict=True):
        assert np.isfinite(ours).all(), f"{name} is not finite"
        apart, largest = abs(ours - theirs).max(), max(1.0, abs(ours).max())
        assert apart <= FORWARD * largest, f"{name}: programs differ by {apart:.2g}, {largest=:.3g}"


# ---- training


def _train_once(
    task: Task,
    models: Mapping[str, Built],
    folder: Path,
    weights: Mapping[str, Array],
    sizes: Mapping[str, int],
) -> dict[str, dict[str, Array]]:
    graph = task.graph
    inputs = twins.random_inputs(graph, sizes)
    shapes = [shape for _, shape in twins.output_shapes(graph, sizes)]
    rng = np.random.default_rng(1)
    targets = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    steps = {name: Step(one, inputs, targets) for name, one in models.items()}
    chance = drops(graph)
    if chance:
        # What is dropped differs: a step must work, the comparison is made without dropping.
        for name, step in steps.items():
            before = step.drawn()
            loss, gradients = step.gradients(training=True)
            assert step.drawn() != before, f"{name}: nothing is drawn at random"
            assert math.isfinite(loss), f"{name}: the loss is {loss}"
            assert all(np.isfinite(g).all() for g in gradients), f"{name}: a gradient is not finite"
    found: dict[str, dict[str, Array]] = {}
    for name, step in steps.items():
        share({name: step.built}, weights, task, folder)
        loss, gradients = step.gradients(training=not chance)
        norm = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients))
        assert math.isfinite(norm), f"{name}: a gradient is not finite"
        before = step.values()
        step.set(gradients)
        found[name] = canonical(step.built, folder)
        step.set(before)
        if norm > NO_GRADIENT:
            _assert_falls(name, step, before, gradients, loss, norm, training=not chance)
        elif gradients:
            _assert_flat(name, step, before, loss, training=not chance)
    _compare_gradients(graph, found)
    return found


def drops(graph: Graph) -> bool:
    """Whether training draws at random, as the arguments of the layers tell."""
    cells = [part for layer in layers_of(graph) for part in (layer, layer.inner) if part]
    return any(arg.random and cell.args[arg.name] for cell in cells for arg in cell.spec.args)


def _assert_falls(
    name: str,
    step: Step,
    before: Sequence[Array],
    gradients: Sequence[Array],
    loss: float,
    norm: float,
    *,
    training: bool,
) -> None:
    """Some small step against the gradient makes the loss smaller."""
    tried: list[float] = []
    for share_ in (1e-2, 1e-3, 1e-4, 1e-5):
        rate = share_ * loss / norm**2
        step.set([p - np.float32(rate) * g for p, g in zip(before, gradients, strict=True)])
        tried.append(step.loss(training=training))
        if tried[-1] < loss:
            return
    raise AssertionError(f"{name}: a step does not lower the loss: {loss}, then {tried}")


def _assert_flat(
    name: str, step: Step, before: Sequence[Array], loss: float, *, training: bool
) -> None:
    """Where there is none (softmax of one number, a dead zone), weights do not matter nearby."""
    rng = np.random.default_rng(2)
    step.set([p + rng.normal(0, 1e-3, p.shape).astype(np.float32) for p in before])
    moved = step.loss(training=training)
    assert abs(moved - loss) <= 1e-6 * max(1.0, loss), f"{name}: no gradient, but the loss moves"


def _compare_gradients(graph: Graph, found: Mapping[str, Mapping[str, Array]]) -> None:
    torch, keras = (found[name] for name in BACKENDS)
    names = [path for path, weight in graph.all_weights() if weight.trainable]
    highest = max((float(abs(torch[n]).max()) for n in names), default=0.0)
    for name in names:
        apart = float(abs(torch[name] - keras[name]).max())
        bound = GRADIENT * max(float(abs(torch[name]).max()), highest / 100) + NO_GRADIENT
        assert apart <= bound, f"gradients of {name} differ by {apart:.2g}, allowed {bound:.2g}"


class Step:
    """Losses and gradients of one model on one batch: mean squared distance to fixed targets."""

    def __init__(self, built: Built, inputs: Sequence[Array], targets: Sequence[Array]) -> None:
        self.built = built
        self._inputs = inputs
        self._targets = targets
        self._torch = built.backend == "torch"
        self._parameters: list[Any] = (
            [p for p in built.model.parameters() if p.requires_grad]
            if self._torch
            else list(built.model.trainable_weights)
        )

    def drawn(self) -> list[bytes]:
        """The state of what the program draws from: another one after each draw."""
        if self._torch:
            return [framework("torch").get_rng_state().numpy().tobytes()]
        weights = {id(weight) for weight in self.built.model.weights}
        others = [v for v in self.built.model.variables if id(v) not in weights]
        return [v.numpy().tobytes() for v in others]

    def loss(self, *, training: bool) -> float:
        if self._torch:
            with framework("torch").no_grad():
                return float(self._torch_loss(training))
        return float(self._keras_loss(training))

    def gradients(self, *, training: bool) -> tuple[float, list[Array]]:
        """The loss, and the gradient of each trainable parameter, zero where there is none."""
        if self._torch:
            loss = self._torch_loss(training)
            self.built.model.zero_grad(set_to_none=True)
            if loss.requires_grad:
                loss.backward()
            found = [None if p.grad is None else p.grad.numpy() for p in self._parameters]
        else:
            tf = framework("tensorflow")
            with tf.GradientTape() as tape:
                loss = self._keras_loss(training)
            raw = tape.gradient(loss, [v.value for v in self._parameters])
            found = [None if g is None else np.array(tf.convert_to_tensor(g)) for g in raw]
        shapes = [tuple(p.shape) for p in self._parameters]
        return float(loss.detach() if self._torch else loss), [
            np.zeros(shape, np.float32) if g is None else g.copy()
            for g, shape in zip(found, shapes, strict=True)
        ]

    def values(self) -> list[Array]:
        """The trainable parameters, copied."""
        if self._torch:
            return [p.detach().numpy().copy() for p in self._parameters]
        return [v.numpy().copy() for v in self._parameters]

    def set(self, values: Sequence[Array]) -> None:
        """Puts numbers into the trainable parameters."""
        for parameter, value in zip(self._parameters, values, strict=True):
            if self._torch:
                parameter.data.copy_(framework("torch").from_numpy(np.asarray(value)))
            else:
                parameter.assign(value)

    def _torch_loss(self, training: bool) -> Any:
        torch = framework("torch")
        model = self.built.model.train(training)
        outputs = twins.flat(model(*map(torch.from_numpy, self._inputs)), self.built.graph)
        pairs = zip(outputs, map(torch.from_numpy, self._targets), strict=True)
        return torch.stack([(o - t).square().mean() for o, t in pairs]).sum()

    def _keras_loss(self, training: bool) -> Any:
        tf = framework("tensorflow")
        model = self.built.model
        result = model(twins.keras_inputs(model, self._inputs), training=training)
        pairs = zip(twins.flat(result, self.built.graph), self._targets, strict=True)
        return tf.add_n([tf.reduce_mean(tf.square(tf.cast(o, t.dtype) - t)) for o, t in pairs])
