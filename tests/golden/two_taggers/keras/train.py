"""Tagger: its training. Run by run.py."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import weights
from checkpoint import Checkpoint, Checkpoints, fingerprint
from data import OUTPUTS, Dataset, Part, Ragged, all_steps, bucketed, regrouped, score, unpadded

EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 0.001
SEED = 0
# what a record holds
REPORTED = (
    "loss",
    "pos_loss",
    "chunk_loss",
    "pos_accuracy",
    "chunk_accuracy",
    "val_loss",
    "val_pos_loss",
    "val_chunk_loss",
    "val_pos_accuracy",
    "val_chunk_accuracy",
)
COUNTS = ("best", "wait", "cooldown_counter")  # what callbacks carry from epoch to epoch
DEVICES = {"cpu": "cpu:0", "cuda": "gpu:0"}  # as Keras calls them


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why."""


class Batches(keras.utils.PyDataset):
    """The batches of a part of the data, in a new order each epoch if given a seed."""

    def __init__(self, part: Part, seed: int | None = None) -> None:
        super().__init__()
        self.part = part
        self.order = np.arange(len(part))
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self.part) / BATCH_SIZE)

    def __getitem__(
        self, index: int
    ) -> tuple[tuple[np.ndarray, ...], dict[str, np.ndarray], dict[str, np.ndarray]]:
        start = index * BATCH_SIZE
        inputs, targets, sample_weights = self.part.batch(self.order[start : start + BATCH_SIZE])
        return (
            inputs,
            dict(zip(OUTPUTS, targets, strict=True)),
            dict(zip(OUTPUTS, sample_weights, strict=True)),
        )

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, self.epoch])
            self.order = bucketed(self.part, BATCH_SIZE, rng)

    def stream(self) -> tf.data.Dataset:
        """The same batches, typed as of any length, so that the model is traced once for all.

        Left to itself, Keras takes the lengths of the first two batches for those of every one.
        """

        def batches() -> Iterator[tuple[Any, ...]]:
            for index in range(len(self)):
                yield self[index]

        def free(array: np.ndarray) -> tf.TensorSpec:
            return tf.TensorSpec((None, None, *array.shape[2:])[: array.ndim], array.dtype)

        signature = keras.tree.map_structure(free, self[0])
        stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
        return stream.apply(tf.data.experimental.assert_cardinality(len(self)))


class OfSteps(keras.metrics.Metric):
    """The mean of a metric over all steps of data.

    Keras divides what it adds up in a batch by the batch's longest sequence, so that a step would
    count for more among shorter ones: it is weighed by that length.
    """

    def __init__(self, metric: keras.metrics.Metric) -> None:
        super().__init__(name=metric.name)
        self.metric = metric

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: keras.KerasTensor | None = None,
    ) -> None:
        shape = keras.ops.shape(y_pred)[:2]
        longest = keras.ops.cast(shape[1], "float32")
        self.metric.update_state(y_true, y_pred, longest * keras.ops.ones(shape))

    def result(self) -> keras.KerasTensor:
        return self.metric.result()


class LossOverSamples(keras.metrics.Metric):
    """The loss of an output as a mean over samples; Keras itself records one over batches."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__(name="loss_over_samples")
        self.loss = loss
        self.mean: keras.metrics.Metric = keras.metrics.Mean()

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: keras.KerasTensor | None = None,
    ) -> None:
        samples = keras.ops.cast(keras.ops.shape(y_pred)[0], "float32")
        self.mean.update_state(self.loss(y_true, y_pred, sample_weight), samples)

    def result(self) -> keras.KerasTensor:
        return self.mean.result()


class Journal(keras.callbacks.Callback):
    """After each epoch writes its record, and keeps the last weights and the best so far."""

    def __init__(
        self,
        run: Path,
        keep: Callable[[str], None],
        report: Callable[[dict[str, float]], None],
    ) -> None:
        super().__init__()
        self.metrics_path = run / "metrics.jsonl"
        self.keep = keep
        self.report = report
        self.best = math.inf
        self.record: dict[str, float] = {}
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        means = {name: float(value) for name, value in (logs or {}).items()}
        if not all(map(math.isfinite, means.values())):
            raise TrainingError(
                f"the loss is no longer a finite number in epoch {epoch + 1}: "
                "a smaller learning rate or clipped gradients may help"
            )
        means |= {
            name.removesuffix("_over_samples"): value
            for name, value in means.items()
            if name.endswith("_over_samples")
        }
        means = {name: means[name] for name in REPORTED if name in means}
        seconds = round(time.perf_counter() - self.started, 3)
        self.record = {"epoch": epoch + 1, **means, "seconds": seconds}
        with self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.record) + "\n")
        self.keep("last")
        judged = means.get("val_loss", means["loss"])
        if judged < self.best:
            self.best = judged
            self.keep("best")
        self.report(self.record)


class Adam(keras.optimizers.Adam):
    """Keras's, for the tokens of an embedding too.

    Where a batch repeats a token, TensorFlow hands over the gradient of each occurrence; what
    follows has to be made of their sum.
    """

    def apply(
        self,
        grads: list[keras.KerasTensor | None],
        trainable_variables: list[keras.Variable] | None = None,
    ) -> None:
        variables = trainable_variables or self._trainable_variables
        whole = [
            None if grad is None else keras.ops.zeros_like(variable) + grad
            for grad, variable in zip(grads, variables, strict=True)
        ]
        super().apply(whole, trainable_variables)


def lasting(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables that the next epochs depend on."""
    seeds = [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]
    found = {f"model/{name}": v for name, v in weights.variables(model).items()}
    found |= {f"optimizer/{number}": v for number, v in enumerate(model.optimizer.variables)}
    return found | {f"random/{number}": v for number, v in enumerate(seeds)}


class Checkpointing(keras.callbacks.Callback):
    """Writes checkpoints after epochs, or goes on from one."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        epochs: int,
        resume: Checkpoint | None,
        counting: list[keras.callbacks.Callback],
    ) -> None:
        super().__init__()
        self.checkpoints = checkpoints
        self.epochs = epochs
        self.resume = resume
        self.counting = counting  # the callbacks before this one

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        if self.resume is None:
            self.keep(0)
            return
        # Only now: those of Keras have just forgotten what they had counted.
        for callback, counts in zip(self.counting, self.resume.progress["counts"], strict=True):
            vars(callback).update(counts)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert self.model is not None
        last = self.model.stop_training or epoch + 1 == self.epochs
        if last or self.checkpoints.due():
            self.keep(epoch + 1)

    def keep(self, epoch: int) -> None:
        """Writes a checkpoint with all that the next epochs depend on."""
        assert self.model is not None
        arrays = {
            name: np.asarray(variable.numpy()) for name, variable in lasting(self.model).items()
        }
        counts = [
            {name: value for name, value in vars(callback).items() if name in COUNTS}
            for callback in self.counting
        ]
        progress = {"counts": counts, "stopped": self.model.stop_training}
        self.checkpoints.write(epoch, progress, arrays)


def compile_model(model: keras.Model) -> None:
    """Sets the optimizer, the loss and what else is measured."""
    losses = {
        "pos": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "chunk": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    model.compile(
        optimizer=Adam(learning_rate=LEARNING_RATE),
        loss=losses,
        loss_weights={"pos": 1.0, "chunk": 0.5},
        metrics={
            "pos": [OfSteps(keras.metrics.SparseCategoricalAccuracy(name="accuracy"))],
            "chunk": [OfSteps(keras.metrics.SparseCategoricalAccuracy(name="accuracy"))],
        },
        weighted_metrics={name: [LossOverSamples(loss)] for name, loss in losses.items()},
    )


def print_epoch(record: dict[str, float]) -> None:
    """One line for an epoch."""
    values = "  ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
    print(f"epoch {record['epoch']:.0f}  {values}", flush=True)


def fit(
    model: keras.Model,
    dataset: Dataset,
    run: Path,
    *,
    epochs: int = EPOCHS,
    seed: int = SEED,
    device: str = "cpu",
    overfit_one_batch: bool = False,
    resume: Checkpoint | None = None,
    report: Callable[[dict[str, float]], None] = print_epoch,
    on_batch: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Trains the model and returns the last epoch's record, none if no epoch was left.

    The folder `run` gets metrics.jsonl, best.safetensors (lowest validation loss)
    and last.safetensors; Ctrl-C leaves the weights of that moment, mid-epoch, in the latter.
    After epochs it writes checkpoints as well. From one of them, `resume`, training goes on as if
    it had never stopped: the same weights and records come out, to the bit.
    `report` is given each record, `on_batch` the number of the batch and of all batches in the
    epoch: for a progress display.
    Raises TrainingError if the loss is no longer finite; the checkpoints before are kept.
    """
    run.mkdir(parents=True, exist_ok=True)
    set_seed(seed)
    train = first_batch(dataset.train) if overfit_one_batch else dataset.train
    batches = Batches(train, seed)
    validation = None if overfit_one_batch else Batches(dataset.validation)
    metadata = {"vocabulary": dataset.vocabulary.to_json()}

    def keep(name: str) -> None:
        weights.save(model, run / f"{name}.safetensors", metadata)

    journal = Journal(run, keep, report)
    callbacks: list[keras.callbacks.Callback] = [journal]
    # A stream does not say when an epoch begins.
    callbacks.append(
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.on_epoch_begin())
    )
    settings = {
        "seed": seed,
        "device": device,
        "overfit_one_batch": overfit_one_batch,
        "data": fingerprint(train, *([validation.part] if validation else [])),
        "epochs": epochs,
    }
    checkpoints = Checkpoints(run, settings, resume)
    keeper = Checkpointing(checkpoints, epochs, resume, callbacks[:])
    callbacks.append(keeper)
    if on_batch is not None:
        callbacks.append(
            keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: on_batch(batch + 1, len(batches))
            )
        )
    compile_model(model)
    with on_device(device):
        model.optimizer.build(model.trainable_variables)
    done = 0
    if resume is not None:
        variables = lasting(model)
        resume.check({name: tuple(variable.shape) for name, variable in variables.items()})
        for name, variable in variables.items():
            variable.assign(resume.arrays[name])
        done = batches.epoch = resume.epoch
        if resume.finished(epochs):
            return journal.record
    try:
        with on_device(device):
            model.fit(
                batches.stream(),
                epochs=epochs,
                initial_epoch=done,
                validation_data=validation and validation.stream(),
                callbacks=callbacks,
                shuffle=False,  # Batches does it
                verbose=0,
            )
    except KeyboardInterrupt:
        keep("last")
        raise
    return journal.record


def first_batch(part: Part) -> Part:
    """The first batch of a part, as a part of its own."""
    inputs = tuple(array[:BATCH_SIZE] for array in part.inputs)
    targets = tuple(array[:BATCH_SIZE] for array in part.targets)
    return Part(inputs, targets, tuple(array[:BATCH_SIZE] for array in part.weights))


def predict(
    model: keras.Model,
    inputs: tuple[np.ndarray | Ragged, ...],
    device: str = "cpu",
    batch_size: int = 256,
) -> tuple[np.ndarray | Ragged, ...]:
    """What the model makes of its inputs."""
    outputs: list[tuple[np.ndarray, ...]] = []
    with on_device(device):
        for start in range(0, len(inputs[0]), batch_size):
            given = tuple(array[start : start + batch_size] for array in inputs)
            batch = [np.asarray(array) for array in given]
            found = model.predict_on_batch(batch)
            outputs.append(unpadded(tuple(found[name] for name in OUTPUTS), given))
    return regrouped(outputs, inputs)


def evaluate(model: keras.Model, part: Part, device: str = "cpu") -> dict[str, float]:
    """Scores on a part of the data."""
    return score(
        tuple(map(all_steps, predict(model, part.inputs, device))),
        tuple(map(all_steps, part.targets)),
        {"chunk": part.targets[1].lengths},
    )


def set_seed(seed: int) -> None:
    """Makes all that is drawn at random, the first weights among it, follow from the seed."""
    keras.utils.set_random_seed(seed)


def choose_device(name: str) -> str:
    """The device of that name, `cpu` or `cuda`. Raises TrainingError if it is not there."""
    if name == "cuda" and not keras.distribution.list_devices("gpu"):
        raise TrainingError("this machine has no CUDA device that Keras can use")
    if name not in DEVICES:
        raise TrainingError(f"there is no device {name!r}: choose cpu or cuda")
    return name


def on_device(name: str) -> AbstractContextManager[None]:
    """Inside of it, Keras keeps new variables and works on a device, `cpu` or `cuda`."""
    return keras.device(DEVICES[name])
