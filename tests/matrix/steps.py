"""Losses and gradients of one model on one batch, in either framework, in float32 or float64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from seqspec.running import twins
from seqspec.running.program import framework
from seqspec.running.twins import Built

Array = np.ndarray[Any, np.dtype[Any]]


@contextmanager
def in_double(models: Mapping[str, Built]) -> Iterator[dict[str, Built]]:
    """Both models in float64, where rounding hides nothing: PyTorch's turned, Keras's built anew.

    Their programs are as they are; what those call float32 is float64 meanwhile.
    """
    torch, config = framework("torch"), framework("keras").config
    before, policy, to_float = torch.get_default_dtype(), config.dtype_policy(), torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    config.set_floatx("float64")
    config.set_dtype_policy("float64")
    try:
        keras = models["keras"].program.module("model").build_model()
        yield {
            "torch": replace(models["torch"], model=models["torch"].model.double()),
            "keras": replace(models["keras"], model=keras),
        }
    finally:
        torch.set_default_dtype(before)
        torch.Tensor.float = to_float
        config.set_floatx("float32")
        config.set_dtype_policy(policy)


class Step:
    """One model on one batch: the loss is the mean squared distance to fixed targets.

    In the precision of the targets, and so should the model be.
    """

    def __init__(self, built: Built, inputs: Sequence[Array], targets: Sequence[Array]) -> None:
        self.built = built
        self._targets = targets
        self._dtype = targets[0].dtype
        self._inputs = [a.astype(self._dtype) if a.dtype.kind == "f" else a for a in inputs]
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
            np.zeros(shape, self._dtype) if g is None else g.copy()
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
        outputs = twins.flat(model(*twins.torch_inputs(self.built, self._inputs)), self.built.graph)
        pairs = zip(outputs, map(torch.from_numpy, self._targets), strict=True)
        return torch.stack([(o - t).square().mean() for o, t in pairs]).sum()

    def _keras_loss(self, training: bool) -> Any:
        tf = framework("tensorflow")
        model = self.built.model
        result = model(twins.keras_inputs(model, self._inputs), training=training)
        pairs = zip(twins.flat(result, self.built.graph), self._targets, strict=True)
        return tf.add_n([tf.reduce_mean(tf.square(tf.cast(o, t.dtype) - t)) for o, t in pairs])
