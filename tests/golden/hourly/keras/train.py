"""Hourly: its training. Run by run.py."""

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
from keras import ops

import weights
from checkpoint import Checkpoint, Checkpoints, fingerprint
from data import Dataset, Part, Scaling, Stream, chunks, first_batch, score
from model import CARRIED, zero_state

EPOCHS = 60
LEARNING_RATE = 0.005
SEED = 0
GLOBAL_CLIPNORM = 1.0  # largest norm of all gradients together
PATIENCE = 8  # epochs without a lower loss before it stops
REPORTED = ("loss", "rmse", "mae", "val_loss", "val_rmse", "val_mae")  # what a record holds
COUNTS = ("best", "wait", "cooldown_counter")  # what callbacks carry from epoch to epoch
DEVICES = {"cpu": "cpu:0", "cuda": "gpu:0"}  # as Keras calls them


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why."""


class Chunks(keras.utils.PyDataset):
    """The chunks of a stream, with the lanes of a model that carries its state, from `lane` on."""

    def __init__(self, part: Part, lane: int = 0) -> None:
        super().__init__()
        self.part = part
        self.lane = lane
        self.chunks = chunks(part.stream)

    def __len__(self) -> int:
        return len(self.chunks)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        chunk = self.chunks[index]
        inputs, target = self.part.batch(chunk)
        lanes = np.arange(chunk.lanes.start or 0, chunk.lanes.stop, dtype=np.int32) + self.lane
        kept = (~chunk.cleared[:, None]).astype(np.float32)
        return (*inputs, lanes, kept), target

    def stream(self) -> tf.data.Dataset:
        """The same batches, typed as of any length, so that the model is traced once for all."""

        def batches() -> Iterator[tuple[Any, ...]]:
            for index in range(len(self)):
                yield self[index]

        def free(array: np.ndarray) -> tf.TensorSpec:
            shape = (None,) if array.ndim == 1 else (None, None, *array.shape[2:])
            return tf.TensorSpec(shape, array.dtype)

        signature = keras.tree.map_structure(free, self[0])
        stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
        return stream.apply(tf.data.experimental.assert_cardinality(len(self)))


class Carrying(keras.Model):
    """A model with the state of so many lanes, which it keeps from batch to batch.

    Its inputs are those of the model, which lanes they are [B], and which of them keep their
    state [B, 1]; the others begin with a cleared one. Gradients end where a batch does.
    """

    def __init__(self, model: keras.Model, lanes: int) -> None:
        super().__init__()
        self.model = model
        self.state = [
            self.add_weight(shape=(lanes, *tensor.shape[1:]), initializer="zeros", trainable=False)
            for tensor in model.inputs[-len(CARRIED) :]
        ]
        self.mean = keras.metrics.Mean(name="mean_over_steps")

    def call(self, inputs: tuple[Any, ...], training: bool = False) -> Any:
        *arrays, lanes, kept = inputs
        begin = [ops.take(tensor, lanes, axis=0) * kept for tensor in self.state]
        output, *end = self.model([*arrays, *begin], training=training)
        for tensor, new in zip(self.state, end, strict=True):
            tensor.assign(ops.scatter_update(tensor, lanes[:, None], ops.stop_gradient(new)))
        return output

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.mean.update_state(loss, sample_weight=ops.prod(ops.shape(y)[:2]))
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Keras weighs batches by their lanes; here each step is a sample, and weighs the same."""

        def steps(x: Any) -> Any:
            return ops.reshape(x, (-1, *x.shape[2:]))

        return super().compute_metrics(x, steps(y), steps(y_pred))

    def get_metrics_result(self) -> dict[str, Any]:
        """The loss, too, is a mean over steps."""
        return {**super().get_metrics_result(), "loss": self.mean.result()}

    def lanes(self, count: int) -> list[np.ndarray]:
        """The state of the first lanes."""
        return [tensor.numpy()[:count] for tensor in self.state]


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
                "a smaller learning rate may help"
            )
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


def lasting(model: Carrying) -> dict[str, keras.Variable]:
    """The variables that the next epochs depend on."""
    seeds = [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]
    found = {f"model/{name}": v for name, v in weights.variables(model.model).items()}
    found |= {f"optimizer/{number}": v for number, v in enumerate(model.optimizer.variables)}
    found |= {f"state/{number}": v for number, v in enumerate(model.state)}
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
    model.compile(
        optimizer=keras.optimizers.Adam(
            learning_rate=LEARNING_RATE, global_clipnorm=GLOBAL_CLIPNORM
        ),
        loss=keras.losses.MeanSquaredError(),
        metrics=[
            keras.metrics.RootMeanSquaredError(name="rmse"),
            keras.metrics.MeanAbsoluteError(name="mae"),
        ],
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
    Records are in the units that the model sees.
    After epochs it writes checkpoints as well. From one of them, `resume`, training goes on as if
    it had never stopped: the same weights and records come out, to the bit.
    `report` is given each record, `on_batch` the number of the batch and of all batches in the
    epoch: for a progress display.
    Raises TrainingError if the loss is no longer finite; the checkpoints before are kept.
    """
    run.mkdir(parents=True, exist_ok=True)
    set_seed(seed)
    train = first_batch(dataset.train) if overfit_one_batch else dataset.train
    lanes = len(train.stream.first)
    batches = Chunks(train)
    validation = None if overfit_one_batch else Chunks(dataset.validation, lanes)
    carrying = Carrying(model, lanes + len(dataset.validation.stream.first))
    metadata = {"lanes": json.dumps(train.stream.names)}
    metadata["scaling"] = dataset.scaling.to_json()

    def keep(name: str) -> None:
        state = carrying.lanes(lanes)
        weights.save(model, run / f"{name}.safetensors", metadata, state=state)

    journal = Journal(run, keep, report)
    callbacks: list[keras.callbacks.Callback] = [journal]
    if not overfit_one_batch:
        early = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=PATIENCE)
        callbacks.append(early)
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
    compile_model(carrying)
    with on_device(device):
        carrying.optimizer.build(model.trainable_variables)
    done = 0
    if resume is not None:
        variables = lasting(carrying)
        resume.check({name: tuple(variable.shape) for name, variable in variables.items()})
        for name, variable in variables.items():
            variable.assign(resume.arrays[name])
        done = resume.epoch
        if resume.finished(epochs):
            return journal.record
    try:
        with on_device(device):
            carrying.fit(
                batches.stream(),
                epochs=epochs,
                initial_epoch=done,
                validation_data=validation and validation.stream(),
                callbacks=callbacks,
                shuffle=False,  # in the order of the data
                verbose=0,
            )
    except KeyboardInterrupt:
        keep("last")
        raise
    return journal.record


def predict(
    model: keras.Model,
    stream: Stream,
    device: str = "cpu",
    carried: list[np.ndarray] | None = None,
) -> np.ndarray:
    """What the model makes of each row of a stream, in the units that it sees.

    Lanes begin with a cleared state or go on from `carried`: arrays, [lanes, width] each, that then
    hold what they end with.
    """
    found = chunks(stream, longest=stream.longest, cleared=carried is None)
    state = carried if carried is not None else zero_state(model, len(stream.first))
    outputs: list[np.ndarray] = []
    with on_device(device):
        for chunk in found:
            kept = ~chunk.cleared[:, None]
            begin = [np.where(kept, tensor[chunk.lanes], np.float32(0)) for tensor in state]
            output, *end = model.predict_on_batch([*stream.batch(chunk), *begin])
            outputs.append(output)
            for tensor, new in zip(state, end, strict=True):
                tensor[chunk.lanes] = new
    order = np.argsort(np.concatenate([chunk.rows.reshape(-1) for chunk in found]))
    flat = [output.reshape(-1, *output.shape[2:]) for output in outputs]
    return np.concatenate(flat)[order]


def evaluate(
    model: keras.Model, part: Part, scaling: Scaling, device: str = "cpu"
) -> dict[str, float]:
    """Scores on a part of the data, in original units, each lane from a cleared state."""
    prediction = scaling.invert_target(predict(model, part.stream, device))
    rows = part.stream.rows
    return score(prediction, scaling.invert_target(part.target[rows]))


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
