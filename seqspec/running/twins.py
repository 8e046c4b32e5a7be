"""One program of a model at a time, from the inside: build it, give it weights, run it.

The pieces of :mod:`seqspec.running.verify`, and of the tests that try every layer on every
backend. Values cross the border as numpy arrays, in the order of the graph's inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from seqspec.ir.carried import explicit
from seqspec.ir.findings import layers_of
from seqspec.ir.graph import Graph, Value, size
from seqspec.ir.masks import ByLengths, ByToken, ByValue
from seqspec.running.program import Program, framework, load
from seqspec.shapes.dim import Dim, Shape
from seqspec.types import State, Tensor
from seqspec.vocabulary.masking import Masking

if TYPE_CHECKING:
    import numpy as np

    from seqspec.backends.base import OutputFile

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of parameters: trained ones, and frozen ones and statistics, which are not."""

    trainable: int
    fixed: int

    @property
    def total(self) -> int:
        return self.trainable + self.fixed

    def __str__(self) -> str:
        if not self.fixed:
            return f"{self.trainable:,}"
        return f"{self.trainable:,} and {self.fixed:,} not trained"


@dataclass(frozen=True, slots=True)
class Built:
    """A program with its model built, and its graph, in which carried states are explicit."""

    graph: Graph
    program: Program
    model: Any

    @property
    def backend(self) -> str:
        return self.program.backend

    def save(self, path: Path) -> None:
        """Writes the model's weights with the program's own function."""
        self.program.module("weights").save(self.model, path)

    def load(self, path: Path) -> None:
        """Reads weights with the program's own function."""
        self.program.module("weights").load(self.model, path)


def build(graph: Graph, files: Iterable[OutputFile], backend: str, folder: Path) -> Built:
    """Writes a program into a folder, which is made, loads it and builds its model."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.path).write_text(file.text, encoding="utf-8", newline="\n")
    program = load(folder, backend)
    return Built(explicit(graph), program, program.module("model").build_model())


def derived_counts(graph: Graph) -> Counts:
    """The numbers of parameters that follow from the declarations of the layers."""
    weights = [weight for _, weight in graph.all_weights()]
    return Counts(
        trainable=sum(_known(size(w)) for w in weights if w.trainable),
        fixed=sum(_known(size(w)) for w in weights if not w.trainable),
    )


def real_counts(built: Built) -> Counts:
    """The numbers of parameters that the framework counts."""
    model = built.model
    if built.backend == "torch":
        # Of what is frozen only embeddings are weights of the spec: cells, norms and attention of
        # PyTorch have parameters that Keras's do without.
        embeddings = [m for m in model.modules() if isinstance(m, framework("torch").nn.Embedding)]
        frozen = [m.weight for m in embeddings if not m.weight.requires_grad]
        # Integer buffers (the number of batches seen) are bookkeeping, not weights.
        return Counts(
            trainable=sum(p.numel() for p in model.parameters() if p.requires_grad),
            fixed=sum(b.numel() for b in model.buffers() if b.is_floating_point())
            + sum(p.numel() for p in frozen),
        )
    return Counts(
        trainable=_entries(model.trainable_weights),
        fixed=_entries(model.non_trainable_weights),
    )


def sizes_for(graph: Graph) -> dict[str, int]:
    """A prime for every size that only data gives, each its own: swapped axes cannot pass."""
    return dict(zip(graph.symbols(), _primes(5), strict=False))


def random_inputs(graph: Graph, sizes: Mapping[str, int], seed: int = 0) -> list[Array]:
    """Inputs of the right shapes: normal floats, tokens below their bound, with padding.

    Of padded inputs one sample is whole, the others are padded behind, before, in the midst, and
    all over, as far as the type lets padding stand there.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    arrays: list[Array] = []
    # The mean over no step at all is not a number.
    averaged = any(layer.spec.masking is Masking.CONSUMES for layer in layers_of(graph))
    counts = {v.mask.lengths for v in graph.inputs if isinstance(v.mask, ByLengths)}
    for value in _tensors(graph.inputs):
        shape = concrete(value.tensor.shape, sizes)
        if value.name in counts:
            steps = arrays[-1].shape[1]
            arrays.append(np.resize(np.arange(steps, 0, -1, dtype=np.int64), shape))
            continue
        if value.tensor.kind == "token":
            bound = value.tensor.bound
            highest = bound.evaluate(sizes.__getitem__) if bound is not None else 2
            arrays.append(rng.integers(0, highest, shape, dtype=np.int64))
        else:
            arrays.append(rng.standard_normal(shape, dtype=np.float32))
        if isinstance(value.mask, ByToken | ByValue):
            arrays[-1][~_some_steps(shape[0], shape[1], empty=not averaged)] = value.mask.pad
    return arrays


def _some_steps(samples: int, steps: int, *, empty: bool) -> Array:
    """A mask of every kind of padding, sample by sample; ``empty`` for samples of nothing else."""
    import numpy as np

    number = np.arange(steps)
    kinds = (
        number >= 0,
        number < (steps + 1) // 2,
        number >= steps // 2,
        number % 2 == 0,
        number < 0,
    )[: None if empty else -1]
    return np.stack([kinds[sample % len(kinds)] for sample in range(samples)])


def random_weights(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """A value for every weight by canonical name, none of them zero or one all over.

    Matrices keep the size of what they are applied to, so that deep models neither die nor
    saturate; variances and scales are positive.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    weights: dict[str, Array] = {}
    for path, weight in graph.all_weights():
        shape = tuple(_known(dim) for dim in weight.shape)
        if path.endswith(("variance", "gamma", "scale", "score_weight")):
            array = rng.uniform(0.5, 1.5, shape)
        else:
            spread = 1 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.3
            array = rng.standard_normal(shape) * spread
        weights[path] = np.asarray(array, np.float32)
    return weights


def write_weights(path: Path, weights: Mapping[str, Array], digest: str, model: str) -> None:
    """A weights file in the format that the programs read, written without their help."""
    metadata = {
        "format": "seqspec-weights",
        "format_version": "1",
        "spec_sha256": digest,
        "model": model,
    }
    framework("safetensors.numpy").save_file(dict(weights), path, metadata=metadata)


def read_weights(path: Path) -> dict[str, Array]:
    """The arrays of a weights file by canonical name."""
    return framework("safetensors.numpy").load_file(path)


def forward(built: Built, inputs: Sequence[Array]) -> list[Array]:
    """The outputs at inference, tensors of states one by one."""
    import numpy as np

    if built.backend == "torch":
        torch = framework("torch")
        built.model.eval()
        with torch.no_grad():
            result = built.model(*torch_inputs(built, inputs))
        return [t.numpy() for t in flat(result, built.graph)]
    result = built.model(keras_inputs(built.model, inputs), training=False)
    return [np.asarray(t) for t in flat(result, built.graph)]


def gradients(built: Built, inputs: Sequence[Array]) -> dict[str, float]:
    """The largest gradient in each trainable parameter after one backward pass in training mode.

    The loss is the mean square of the outputs, so every parameter that reaches one should
    have a gradient; ``nan`` stands for none. Names are the framework's.
    """
    if built.backend == "torch":
        torch = framework("torch")
        built.model.train()
        built.model.zero_grad(set_to_none=True)
        outputs = flat(built.model(*torch_inputs(built, inputs)), built.graph)
        torch.stack([t.float().square().mean() for t in outputs]).sum().backward()
        return {
            name: float("nan") if p.grad is None else float(p.grad.abs().max())
            for name, p in built.model.named_parameters()
            if p.requires_grad
        }
    tf, ops = framework("tensorflow"), framework("keras.ops")
    with tf.GradientTape() as tape:
        outputs = flat(built.model(keras_inputs(built.model, inputs), training=True), built.graph)
        loss = sum(ops.mean(ops.square(t)) for t in outputs)
    variables = built.model.trainable_weights
    found = tape.gradient(loss, [v.value for v in variables])
    return {
        v.path: float("nan") if g is None else float(tf.reduce_max(tf.abs(g)))
        for v, g in zip(variables, found, strict=True)
    }


def concrete(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """A shape in numbers."""
    return tuple(dim.evaluate(sizes.__getitem__) for dim in shape)


def output_shapes(graph: Graph, sizes: Mapping[str, int]) -> list[tuple[str, tuple[int, ...]]]:
    """Name and inferred shape of each output tensor, those of a state as ``name.part``."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for name, value in graph.outputs:
        if isinstance(value.type, State):
            for part, shape in value.type.parts:
                found.append((f"{name}.{part}", concrete(shape, sizes)))
        else:
            found.append((name, concrete(value.type.shape, sizes)))
    return found


def torch_inputs(built: Built, inputs: Sequence[Array]) -> list[Any]:
    """Inputs as a model of PyTorch takes them: carried state is one of them."""
    torch = framework("torch")
    tensors = [torch.from_numpy(array) for array in inputs]
    states = sum(len(carry.given.parts) for carry in built.graph.carried)
    if not states:
        return tensors
    state = type(built.model.zero_state(1))(*tensors[-states:])
    return [*tensors[:-states], state]


def keras_inputs(model: Any, inputs: Sequence[Array]) -> Any:
    """Inputs as a Keras model takes them: one array, a list, or by name."""
    if isinstance(model.input, dict):
        return dict(zip(cast("dict[str, Any]", model.input), inputs, strict=True))
    return inputs[0] if len(inputs) == 1 else list(inputs)


def flat(result: Any, graph: Graph) -> list[Any]:
    """The tensors of whatever a model returned, in the order of the graph's outputs."""
    if isinstance(result, Mapping):
        return [t for name, _ in graph.outputs for t in _leaves(result[name])]
    return list(_leaves(result))


def _leaves(result: Any) -> Iterator[Any]:
    if isinstance(result, Mapping):
        result = list(cast("Mapping[str, Any]", result).values())
    if isinstance(result, tuple | list):
        for item in cast("Sequence[Any]", result):
            yield from _leaves(item)
    else:
        yield result


def _tensors(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value.type, Tensor):
            yield value
        else:
            yield from value.parts


def _known(dim: Dim) -> int:
    number = dim.value
    assert number is not None, "the size of a weight depends on the data"
    return number


def _entries(variables: Iterable[Any]) -> int:
    total = 0
    for variable in variables:
        entries = 1
        for axis in variable.shape:
            entries *= int(axis)
        total += entries
    return total


def _primes(start: int) -> Iterator[int]:
    number = start
    while True:
        if all(number % divisor for divisor in range(2, int(number**0.5) + 1)):
            yield number
        number += 1
