"""LookBack: its training. Run by run.py."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import keras
import numpy as np

import weights
from checkpoint import Checkpoint, Checkpoints, fingerprint
from data import Dataset, Part, Scaling, score

EPOCHS = 100
BATCH_SIZE = 32
LEARNING_RATE = 0.001
SEED = 0
REPORTED = ("loss", "val_loss")  # what a record holds
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

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * BATCH_SIZE
        (inputs,), target = self.part.batch(self.order[start : start + BATCH_SIZE])
        return inputs, target

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, self.epoch])
            self.order = rng.permutation(len(self.part))


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
    """Sets the optimizer and the loss."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=LEARNING_RATE),
        loss=keras.losses.MeanSquaredError(),
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
    batches = Batches(train, seed)
    validation = None if overfit_one_batch else Batches(dataset.validation)
    metadata = {"scaling": dataset.scaling.to_json()}

    def keep(name: str) -> None:
        weights.save(model, run / f"{name}.safetensors", metadata)

    journal = Journal(run, keep, report)
    callbacks: list[keras.callbacks.Callback] = [journal]
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
                batches,
                epochs=epochs,
                initial_epoch=done,
                validation_data=validation,
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
    return Part(tuple(array[:BATCH_SIZE] for array in part.inputs), part.target[:BATCH_SIZE])


def predict(
    model: keras.Model,
    inputs: tuple[np.ndarray, ...],
    device: str = "cpu",
    batch_size: int = 256,
) -> np.ndarray:
    """What the model makes of its inputs, in the units that it sees."""
    # Not model.predict, which would copy all windows at once: they are views of the series.
    outputs: list[np.ndarray] = []
    with on_device(device):
        for start in range(0, len(inputs[0]), batch_size):
            outputs.append(model.predict_on_batch(inputs[0][start : start + batch_size]))
    return np.concatenate(outputs)


def evaluate(
    model: keras.Model, part: Part, scaling: Scaling, device: str = "cpu"
) -> dict[str, float]:
    """Scores on a part of the data, in original units."""
    prediction = scaling.invert_target(predict(model, part.inputs, device))
    return score(prediction, scaling.invert_target(part.target))


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
