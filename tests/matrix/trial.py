"""One spec on trial: both programs built, and held against the checker and each other.

More than ``seqspec verify``: two sets of sizes, gradients by canonical name, a training step.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from seqspec.diagnostics.model import Severity
from seqspec.diagnostics.render import text as rendered
from seqspec.driver import Compilation, Options
from seqspec.ir.carried import explicit
from seqspec.ir.findings import layers_of
from seqspec.ir.graph import Graph
from seqspec.ir.task import Task
from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built
from seqspec.types import Tensor
from tests.matrix.steps import Step, in_double

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
GRADIENT = 1e-5  # in float64, of the largest gradient of the same weight, or of all weights / 100
NO_GRADIENT = 1e-12  # norms below this are rounding

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
    _keep_frameworks()
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
        framework("keras").backend.clear_session()  # collects what is garbage, too


@cache
def _keep_frameworks() -> None:
    """Looking for garbage in all that frameworks hold would take longer than most trials."""
    for name in BACKENDS:
        framework(name)
    gc.collect()
    gc.freeze()


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
    graph = explicit(task.graph)
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
    if graph.carried:
        _compare_batches(graph, models, inputs, outputs)
    gradients = _train_once(task, models, folder, weights, main)
    return Trial(graph, outputs, gradients)


def _outputs(models: Mapping[str, Built], inputs: Sequence[Array]) -> dict[str, list[Array]]:
    return {name: twins.forward(one, inputs) for name, one in models.items()}


def _compare_batches(
    graph: Graph,
    models: Mapping[str, Built],
    inputs: Sequence[Array],
    outputs: Mapping[str, Sequence[Array]],
) -> None:
    """One step, and in another batch the others, give what all of them gave at once."""
    if any(v.tensor.shape[1].value for v in graph.inputs if isinstance(v.type, Tensor)):
        return  # the number of steps is fixed
    states = sum(len(carry.given.parts) for carry in graph.carried)
    steps, state = inputs[:-states], inputs[-states:]
    for name, one in models.items():
        first = twins.forward(one, [*(array[:, :1] for array in steps), *state])
        rest = twins.forward(one, [*(array[:, 1:] for array in steps), *first[-states:]])
        for whole, *parts in zip(outputs[name], first, rest, strict=True):
            found = np.hstack(parts) if whole.ndim > 2 else parts[1]
            apart = abs(found - whole).max()
            assert apart <= FORWARD * max(1.0, abs(whole).max()), f"{name}: {apart=} in two batches"


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
    graph = explicit(task.graph)
    inputs = twins.random_inputs(graph, sizes)
    shapes = [shape for _, shape in twins.output_shapes(graph, sizes)]
    rng = np.random.default_rng(1)
    targets = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    chance = drops(graph)
    for name, one in models.items():
        _try_step(name, Step(one, inputs, targets), chance=chance)
    # What is dropped differs between the programs: they are compared without dropping.
    with in_double(models) as doubles:
        share(doubles, weights, task, folder)
        exact = [target.astype(np.float64) for target in targets]
        steps = {name: Step(one, inputs, exact) for name, one in doubles.items()}
        found = _descend(steps, folder, training=not chance)
    _compare_gradients(graph, found)
    return found


def _try_step(name: str, step: Step, *, chance: bool) -> None:
    """Gradients as users have them, in float32 and with something dropped if the spec says so."""
    before = step.drawn() if chance else []
    loss, gradients = step.gradients(training=True)
    assert math.isfinite(loss), f"{name}: the loss is {loss}"
    assert all(np.isfinite(g).all() for g in gradients), f"{name}: a gradient is not finite"
    assert not chance or step.drawn() != before, f"{name}: nothing is drawn at random"


def _descend(
    steps: Mapping[str, Step], folder: Path, *, training: bool
) -> dict[str, dict[str, Array]]:
    """The gradients by canonical name, after a step against them."""
    found: dict[str, dict[str, Array]] = {}
    for name, step in steps.items():
        loss, gradients = step.gradients(training=training)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        assert math.isfinite(norm), f"{name}: a gradient is not finite"
        before = step.values()
        step.set(gradients)
        found[name] = canonical(step.built, folder)
        step.set(before)
        if norm > NO_GRADIENT:
            _assert_falls(name, step, before, gradients, loss, norm, training=training)
        elif gradients:
            _assert_flat(name, step, before, loss, training=training)
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
    for share_ in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10):
        rate = share_ * loss / norm**2
        step.set([p - rate * g for p, g in zip(before, gradients, strict=True)])
        tried.append(step.loss(training=training))
        if tried[-1] < loss:
            return
    raise AssertionError(f"{name}: a step does not lower the loss: {loss}, then {tried}")


def _assert_flat(
    name: str, step: Step, before: Sequence[Array], loss: float, *, training: bool
) -> None:
    """Where there is none (softmax of one number, a dead zone), weights do not matter nearby."""
    rng = np.random.default_rng(2)
    step.set([p + rng.normal(0, 1e-3, p.shape) for p in before])
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
