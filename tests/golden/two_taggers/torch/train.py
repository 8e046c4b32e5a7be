"""Tagger: its training. Run by run.py."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import weights
from checkpoint import Checkpoint, Checkpoints, fingerprint
from data import Dataset, Part, Ragged, all_steps, batches, regrouped, score, unpadded
from model import Tagger

EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 0.001
SEED = 0
REPORTED = ("loss", "pos_loss", "chunk_loss", "pos_accuracy", "chunk_accuracy")


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why."""


def measure(
    model: Tagger, inputs: list[Tensor], targets: list[Tensor], importance: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """The loss of a batch, and the numbers of REPORTED side by side."""
    outputs = model(*inputs)
    pos, chunk = targets
    mask = torch.arange(inputs[0].shape[1], device=inputs[0].device) < inputs[1][:, None]  # [B, T]
    pos_given = outputs.pos[mask]  # the steps of data
    pos = pos[mask]
    pos_weight = importance[0].expand_as(mask)[mask]
    pos_entries = mask.sum()
    pos_values = functional.cross_entropy(pos_given, pos, reduction="none")
    pos_loss = (pos_values * pos_weight).mean()
    pos_accuracy = (pos_given.argmax(-1) == pos).float().mean()
    mask = torch.arange(inputs[0].shape[1], device=inputs[0].device) < inputs[1][:, None]  # [B, T]
    chunk_given = outputs.chunk[mask]  # the steps of data
    chunk = chunk[mask]
    chunk_weight = importance[1].expand_as(mask)[mask]
    chunk_entries = mask.sum()
    chunk_values = functional.cross_entropy(chunk_given, chunk, reduction="none")
    chunk_loss = (chunk_values * chunk_weight).mean()
    chunk_accuracy = (chunk_given.argmax(-1) == chunk).float().mean()
    loss = pos_loss + 0.5 * chunk_loss
    samples = torch.full_like(pos_entries, len(targets[0]))
    measured = torch.stack([loss, pos_loss, chunk_loss, pos_accuracy, chunk_accuracy]).detach()
    sizes = torch.stack([samples, samples, samples, pos_entries, chunk_entries])
    return loss, torch.stack([measured * sizes, sizes])


def capture(model: Tagger, optimizer: torch.optim.Optimizer) -> dict[str, np.ndarray]:
    """All tensors that the next epochs depend on."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for name, weight in model.named_parameters():
        for slot, tensor in optimizer.state.get(weight, {}).items():
            tensors[f"optimizer/{name}/{slot}"] = tensor
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_initialized():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}


def restore(model: Tagger, optimizer: torch.optim.Optimizer, arrays: dict[str, np.ndarray]) -> None:
    """Puts back what `capture` has taken."""

    def under(place: str) -> dict[str, Tensor]:
        found = [name for name in arrays if name.startswith(place)]
        return {name.removeprefix(place): torch.tensor(arrays[name]) for name in found}

    model.load_state_dict(under("model/"))
    state = optimizer.state_dict()
    for number, (name, _) in enumerate(model.named_parameters()):
        state["state"][number] = under(f"optimizer/{name}/")
    optimizer.load_state_dict(state)
    torch.set_rng_state(under("random/")["cpu"])
    if torch.cuda.is_initialized():
        torch.cuda.set_rng_state(under("random/")["cuda"])


def run_epoch(
    model: Tagger,
    part: Part,
    device: str,
    rng: np.random.Generator | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    on_batch: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """One pass over a part, in an order drawn from `rng` if given; trains if given an optimizer.

    Gives means over the samples.
    """
    model.train(optimizer is not None)
    total = torch.zeros(2, len(REPORTED), device=device)  # read back once, at the end
    count = math.ceil(len(part) / BATCH_SIZE)
    with torch.set_grad_enabled(optimizer is not None):
        for number, (arrays, truth, weighing) in enumerate(batches(part, BATCH_SIZE, rng), start=1):
            inputs = [torch.from_numpy(array).to(device) for array in arrays]
            targets = [torch.from_numpy(array).to(device) for array in truth]
            importance = [torch.from_numpy(array).to(device) for array in weighing]
            loss, measured = measure(model, inputs, targets, importance)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += measured
            if on_batch is not None:
                on_batch(number, count)
    return dict(zip(REPORTED, (total[0] / total[1]).tolist(), strict=True))


def print_epoch(record: dict[str, float]) -> None:
    """One line for an epoch."""
    values = "  ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
    print(f"epoch {record['epoch']:.0f}  {values}", flush=True)


def fit(
    model: Tagger,
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
    model.to(device)
    # eps as in Keras; PyTorch adds it after the bias correction, so the first steps differ
    # a little. fused: one kernel updates all weights, on CPUs too.
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=1e-7, fused=True)
    metadata = {"vocabulary": dataset.vocabulary.to_json()}
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
        progress = {"best": best}
        checkpoints.write(epoch, progress, capture(model, optimizer))

    if resume is None:
        keep(0)
    else:
        resume.check({f"model/{name}": tuple(t.shape) for name, t in model.state_dict().items()})
        restore(model, optimizer, resume.arrays)
        done, progress = resume.epoch, resume.progress
        best = progress["best"]
        if resume.finished(epochs):
            return record
    try:
        for epoch in range(done + 1, epochs + 1):
            started = time.perf_counter()
            rng = np.random.default_rng([seed, epoch])
            means = run_epoch(model, train, device, rng, optimizer, on_batch)
            if validation is not None:
                val_means = run_epoch(model, validation, device)
                means |= {f"val_{name}": value for name, value in val_means.items()}
            if not all(map(math.isfinite, means.values())):
                raise TrainingError(
                    f"the loss is no longer a finite number in epoch {epoch}: "
                    "a smaller learning rate or clipped gradients may help"
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
        weights.save(model, run / "last.safetensors", metadata)
        raise
    return record


def first_batch(part: Part) -> Part:
    """The first batch of a part, as a part of its own."""
    inputs = tuple(array[:BATCH_SIZE] for array in part.inputs)
    targets = tuple(array[:BATCH_SIZE] for array in part.targets)
    return Part(inputs, targets, tuple(array[:BATCH_SIZE] for array in part.weights))


@torch.no_grad()
def predict(
    model: Tagger,
    inputs: tuple[np.ndarray | Ragged, ...],
    device: str = "cpu",
    batch_size: int = 256,
) -> tuple[np.ndarray | Ragged, ...]:
    """What the model makes of its inputs."""
    model.to(device).eval()
    outputs: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(inputs[0]), batch_size):
        given = tuple(array[start : start + batch_size] for array in inputs)
        batch = [torch.from_numpy(np.asarray(array)).to(device) for array in given]
        padded = model(*batch)
        outputs.append(unpadded(tuple(output.float().cpu().numpy() for output in padded), given))
    return regrouped(outputs, inputs)


def evaluate(model: Tagger, part: Part, device: str = "cpu") -> dict[str, float]:
    """Scores on a part of the data."""
    return score(
        tuple(map(all_steps, predict(model, part.inputs, device))),
        tuple(map(all_steps, part.targets)),
        {"chunk": part.targets[1].lengths},
    )


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
