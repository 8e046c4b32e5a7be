"""LookBack: its training. Run by run.py."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import weights
from checkpoint import Checkpoint, Checkpoints, fingerprint
from data import Dataset, Part, Scaling, batches, score
from model import LookBack

EPOCHS = 150
BATCH_SIZE = 16
LEARNING_RATE = 0.001  # at first
WARMUP_TARGET = 0.05  # the rate after the warm-up
WARMUP_STEPS = 60  # batches
DECAY_STEPS = 900  # batches
ALPHA = 0.01  # the share of the rate that is left at the end
SEED = 0
CLIPNORM = 1.0  # largest norm of the gradient of each weight
JOINT = {"gru.bias_hh_l0": "gru.bias_ih_l0"}  # biases that are one weight in Keras
EMA_MOMENTUM = 0.95  # decay of the averages of weights
REPORTED = ("loss",)


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why."""


class SGD(torch.optim.Optimizer):
    """As in Keras, momentum holds steps; in torch.optim.SGD gradients.

    That is another thing when the learning rate changes.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["steps"] = torch.zeros_like(weight)
                state["steps"].mul_(momentum).sub_(weight.grad, alpha=lr)
                weight.add_(state["steps"])
        return loss


def one_by_one(model: LookBack) -> list[list[nn.Parameter]]:
    """The parameters of each weight, as Keras counts them."""
    weights: dict[str, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        weights.setdefault(JOINT.get(name, name), []).append(parameter)
    return list(weights.values())


def learning_rate(step: int) -> float:
    """Rises on a straight line, then falls along half a wave.

    Step 0 is the first batch.
    """
    if step < WARMUP_STEPS:
        return LEARNING_RATE + (WARMUP_TARGET - LEARNING_RATE) * step / WARMUP_STEPS
    share = min((step - WARMUP_STEPS) / DECAY_STEPS, 1)
    wave = (1 + math.cos(math.pi * share)) / 2
    return WARMUP_TARGET * (ALPHA + (1 - ALPHA) * wave)


class Averages:
    """Averages of the weights, which take their place where they are validated and kept."""

    def __init__(self, model: LookBack) -> None:
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.averages = [weight.detach().clone() for weight in self.weights]
        self.own: list[Tensor] = []  # the weights themselves, while averages are in the model

    @torch.no_grad()
    def update(self, momentum: float) -> None:
        """Moves the averages towards the weights."""
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.lerp_(weight, 1 - momentum)

    @torch.no_grad()
    def overwrite(self) -> None:
        """Makes the weights what their averages are."""
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.copy_(average)

    def show(self) -> None:
        """Puts the averages into the model, if they are not there."""
        if not self.own:
            self.own = [weight.detach().clone() for weight in self.weights]
            self.overwrite()

    @torch.no_grad()
    def hide(self) -> None:
        """Puts the weights themselves back."""
        if self.own:
            for weight, own in zip(self.weights, self.own, strict=True):
                weight.copy_(own)
            self.own = []


class Updates:
    """What the loss of one batch after another does to the weights."""

    def __init__(self, model: LookBack) -> None:
        self.model = model
        self.optimizer = SGD(model.parameters(), lr=learning_rate(0), momentum=0.9)
        self.step = 0
        self.averages = Averages(model)

    def __call__(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step)
        for weight in one_by_one(self.model):
            nn.utils.clip_grad_norm_(weight, CLIPNORM)
        self.optimizer.step()
        self.step += 1
        self.averages.update(0.0 if self.step == 1 else EMA_MOMENTUM)


def measure(model: LookBack, inputs: list[Tensor], target: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of a batch, and the numbers of REPORTED side by side."""
    prediction = model(*inputs)
    loss = functional.huber_loss(prediction, target)
    return loss, loss.detach()[None]


def capture(model: LookBack, updates: Updates) -> dict[str, np.ndarray]:
    """All tensors that the next epochs depend on."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for name, weight in model.named_parameters():
        for slot, tensor in updates.optimizer.state.get(weight, {}).items():
            tensors[f"optimizer/{name}/{slot}"] = tensor
    for number, own in enumerate(updates.averages.own):
        tensors[f"own/{number}"] = own
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_initialized():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}


def restore(model: LookBack, updates: Updates, arrays: dict[str, np.ndarray]) -> None:
    """Puts back what `capture` has taken."""

    def under(place: str) -> dict[str, Tensor]:
        found = [name for name in arrays if name.startswith(place)]
        return {name.removeprefix(place): torch.tensor(arrays[name]) for name in found}

    model.load_state_dict(under("model/"))
    state = updates.optimizer.state_dict()
    for number, (name, _) in enumerate(model.named_parameters()):
        state["state"][number] = under(f"optimizer/{name}/")
    updates.optimizer.load_state_dict(state)
    averages = updates.averages
    for average, weight in zip(averages.averages, averages.weights, strict=True):
        average.copy_(weight.detach())  # they are in the model at the end of an epoch
    if own := under("own/"):
        averages.own = [own[str(n)].to(weight) for n, weight in enumerate(averages.weights)]
    torch.set_rng_state(under("random/")["cpu"])
    if torch.cuda.is_initialized():
        torch.cuda.set_rng_state(under("random/")["cuda"])


def run_epoch(
    model: LookBack,
    part: Part,
    device: str,
    rng: np.random.Generator | None = None,
    updates: Updates | None = None,
    on_batch: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """One pass over a part, in an order drawn from `rng` if given; trains if given updates.

    Gives means over the samples, in the units that the model sees.
    """
    model.train(updates is not None)
    total = torch.zeros(len(REPORTED), device=device)  # read back once, at the end
    count = math.ceil(len(part) / BATCH_SIZE)
    with torch.set_grad_enabled(updates is not None):
        for number, (arrays, truth) in enumerate(batches(part, BATCH_SIZE, rng), start=1):
            inputs = [torch.from_numpy(array).to(device) for array in arrays]
            target = torch.from_numpy(truth).to(device)
            loss, measured = measure(model, inputs, target)
            if updates is not None:
                updates(loss)
            total += measured * len(target)
            if on_batch is not None:
                on_batch(number, count)
    return dict(zip(REPORTED, (total / len(part)).tolist(), strict=True))


def print_epoch(record: dict[str, float]) -> None:
    """One line for an epoch."""
    values = "  ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
    print(f"epoch {record['epoch']:.0f}  {values}", flush=True)


def fit(
    model: LookBack,
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
    These, and those that the model has at the end, are averages of the weights of all steps.
    Records are in the units that the model sees.
    After epochs it writes checkpoints as well. From one of them, `resume`, training goes on as if
    it had never stopped: the same weights and records come out, to the bit.
    `report` is given each record, `on_batch` the number of the batch and of all batches in the
    epoch: for a progress display.
    Raises TrainingError if the loss is no longer finite; the checkpoints before are kept.
    """
    run.mkdir(parents=True, exist_ok=True)
    set_seed(seed)
    model.to(device)
    updates = Updates(model)
    metadata = {"scaling": dataset.scaling.to_json()}
    train, validation = dataset.train, dataset.validation
    if overfit_one_batch:
        train, validation = first_batch(train), None
    settings = {
        "seed": seed,
        "device": device,
        "overfit_one_batch": overfit_one_batch,
        "data": fingerprint(train, *([validation] if validation else [])),
        "epochs": epochs,
    }
    checkpoints = Checkpoints(run, settings, resume)
    done = 0
    record: dict[str, float] = {}
    best = math.inf

    def keep(epoch: int) -> None:
        """Writes a checkpoint with all that the next epochs depend on."""
        progress = {"best": best, "step": updates.step}
        checkpoints.write(epoch, progress, capture(model, updates))

    if resume is None:
        keep(0)
    else:
        resume.check({f"model/{name}": tuple(t.shape) for name, t in model.state_dict().items()})
        restore(model, updates, resume.arrays)
        done, progress = resume.epoch, resume.progress
        best = progress["best"]
        updates.step = progress["step"]
        if resume.finished(epochs):
            return record
    try:
        for epoch in range(done + 1, epochs + 1):
            started = time.perf_counter()
            rng = np.random.default_rng([seed, epoch])
            updates.averages.hide()
            means = run_epoch(model, train, device, rng, updates, on_batch)
            updates.averages.show()
            if validation is not None:
                val_means = run_epoch(model, validation, device)
                means |= {f"val_{name}": value for name, value in val_means.items()}
            means["learning_rate"] = updates.optimizer.param_groups[0]["lr"]
            if not all(map(math.isfinite, means.values())):
                raise TrainingError(
                    f"the loss is no longer a finite number in epoch {epoch}: "
                    "a smaller learning rate may help"
                )
            seconds = round(time.perf_counter() - started, 3)
            record = {"epoch": epoch, **means, "seconds": seconds}
            with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            weights.save(model, run / "last.safetensors", metadata)
            judged = means.get("val_loss", means["loss"])
            if judged < best:
                best = judged
                weights.save(model, run / "best.safetensors", metadata)
            report(record)
            if epoch == epochs or checkpoints.due():
                keep(epoch)
    except KeyboardInterrupt:
        updates.averages.show()
        weights.save(model, run / "last.safetensors", metadata)
        raise
    return record


def first_batch(part: Part) -> Part:
    """The first batch of a part, as a part of its own."""
    return Part(tuple(array[:BATCH_SIZE] for array in part.inputs), part.target[:BATCH_SIZE])


@torch.no_grad()
def predict(
    model: LookBack, inputs: tuple[np.ndarray, ...], device: str = "cpu", batch_size: int = 256
) -> np.ndarray:
    """What the model makes of its inputs, in the units that it sees."""
    model.to(device).eval()
    outputs: list[np.ndarray] = []
    for start in range(0, len(inputs[0]), batch_size):
        # Windows are read-only views of the series, so they are copied.
        batch = [torch.tensor(array[start : start + batch_size], device=device) for array in inputs]
        outputs.append(model(*batch).cpu().numpy())
    return np.concatenate(outputs)


def evaluate(
    model: LookBack, part: Part, scaling: Scaling, device: str = "cpu"
) -> dict[str, float]:
    """Scores on a part of the data, in original units."""
    prediction = scaling.invert_target(predict(model, part.inputs, device))
    return score(prediction, scaling.invert_target(part.target))


def set_seed(seed: int) -> None:
    """Makes all that is drawn at random, the first weights among it, follow from the seed."""
    torch.manual_seed(seed)


def choose_device(name: str) -> str:
    """`cpu` or `cuda`. Raises TrainingError if it is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("this machine has no CUDA device that PyTorch can use")
    if name not in ("cpu", "cuda"):
        raise TrainingError(f"there is no device {name!r}: choose cpu or cuda")
    return name
