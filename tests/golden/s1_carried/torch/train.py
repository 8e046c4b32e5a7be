"""Hours: its training. Run by run.py."""

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
from data import Chunk, Dataset, Part, Scaling, Stream, chunks, first_batch, score
from model import Hours, HoursState

EPOCHS = 5
BATCH_SIZE = 2  # lanes side by side
LEARNING_RATE = 0.001
SEED = 0
REPORTED = ("loss",)


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why."""


def measure(
    model: Hours, inputs: list[Tensor], state: HoursState, target: Tensor
) -> tuple[Tensor, Tensor, HoursState]:
    """The loss of a batch, and the numbers of REPORTED side by side."""
    prediction, state = model(*inputs, state)
    loss = functional.mse_loss(prediction, target)
    return loss, loss.detach()[None], state


def capture(
    model: Hours, optimizer: torch.optim.Optimizer, carried: Carried
) -> dict[str, np.ndarray]:
    """All tensors that the next epochs depend on."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for name, weight in model.named_parameters():
        for slot, tensor in optimizer.state.get(weight, {}).items():
            tensors[f"optimizer/{name}/{slot}"] = tensor
    for number, state in enumerate(carried.state):
        tensors[f"state/{number}"] = state
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_initialized():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}


def restore(
    model: Hours, optimizer: torch.optim.Optimizer, carried: Carried, arrays: dict[str, np.ndarray]
) -> None:
    """Puts back what `capture` has taken."""

    def under(place: str) -> dict[str, Tensor]:
        found = [name for name in arrays if name.startswith(place)]
        return {name.removeprefix(place): torch.tensor(arrays[name]) for name in found}

    model.load_state_dict(under("model/"))
    state = optimizer.state_dict()
    for number, (name, _) in enumerate(model.named_parameters()):
        state["state"][number] = under(f"optimizer/{name}/")
    optimizer.load_state_dict(state)
    for number, kept in enumerate(carried.state):
        kept.copy_(torch.tensor(arrays[f"state/{number}"]))
    torch.set_rng_state(under("random/")["cpu"])
    if torch.cuda.is_initialized():
        torch.cuda.set_rng_state(under("random/")["cuda"])


class Carried:
    """The state of each lane of a stream, kept from batch to batch; cleared at first."""

    def __init__(self, model: Hours, stream: Stream) -> None:
        self.state = model.zero_state(len(stream.first))

    def before(self, chunk: Chunk) -> HoursState:
        """What the lanes of a chunk begin with."""
        kept = torch.from_numpy(~chunk.cleared).to(self.state[0].device)[:, None]
        return HoursState(*(tensor[chunk.lanes].where(kept, 0.0) for tensor in self.state))

    def after(self, chunk: Chunk, state: HoursState) -> None:
        """Keeps what a chunk ended with; no gradient goes back through it."""
        for kept, tensor in zip(self.state, state, strict=True):
            kept[chunk.lanes] = tensor.detach()


def run_epoch(
    model: Hours,
    part: Part,
    carried: Carried,
    device: str,
    optimizer: torch.optim.Optimizer | None = None,
    on_batch: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """One pass over a part, from the state that its lanes carry; trains if given an optimizer.

    Gives means over the steps, in the units that the model sees.
    """
    model.train(optimizer is not None)
    total = torch.zeros(len(REPORTED), device=device)  # read back once, at the end
    steps = 0
    passed = chunks(part.stream, BATCH_SIZE)
    with torch.set_grad_enabled(optimizer is not None):
        for number, chunk in enumerate(passed, start=1):
            arrays, truth = part.batch(chunk)
            inputs = [torch.from_numpy(array).to(device) for array in arrays]
            target = torch.from_numpy(truth).to(device)
            loss, measured, state = measure(model, inputs, carried.before(chunk), target)
            carried.after(chunk, state)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += measured * (target.shape[0] * target.shape[1])
            steps += target.shape[0] * target.shape[1]
            if on_batch is not None:
                on_batch(number, len(passed))
    means: dict[str, float] = dict(zip(REPORTED, (total / steps).tolist(), strict=True))
    means["rmse"] = means["loss"] ** 0.5  # the root of the mean over all samples
    return means


def print_epoch(record: dict[str, float]) -> None:
    """One line for an epoch."""
    values = "  ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
    print(f"epoch {record['epoch']:.0f}  {values}", flush=True)


def fit(
    model: Hours,
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
    model.to(device)
    # eps as in Keras; PyTorch adds it after the bias correction, so the first steps differ
    # a little. fused: one kernel updates all weights, on CPUs too.
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=1e-7, fused=True)
    train, validation = dataset.train, dataset.validation
    if overfit_one_batch:
        train, validation = first_batch(train, BATCH_SIZE), None
    metadata = {"lanes": json.dumps(train.stream.names)}
    metadata["scaling"] = dataset.scaling.to_json()
    carried = Carried(model, train.stream)
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
        checkpoints.write(epoch, progress, capture(model, optimizer, carried))

    if resume is None:
        keep(0)
    else:
        resume.check({f"model/{name}": tuple(t.shape) for name, t in model.state_dict().items()})
        restore(model, optimizer, carried, resume.arrays)
        done, progress = resume.epoch, resume.progress
        best = progress["best"]
        if resume.finished(epochs):
            return record
    try:
        for epoch in range(done + 1, epochs + 1):
            started = time.perf_counter()
            means = run_epoch(model, train, carried, device, optimizer, on_batch)
            if validation is not None:
                cleared = Carried(model, validation.stream)
                val_means = run_epoch(model, validation, cleared, device)
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
            weights.save(model, run / "last.safetensors", metadata, state=carried.state)
            judged = means.get("val_loss", means["loss"])
            if judged < best:
                best = judged
                weights.save(model, run / "best.safetensors", metadata, state=carried.state)
            report(record)
            if epoch == epochs or checkpoints.due():
                keep(epoch)
    except KeyboardInterrupt:
        weights.save(model, run / "last.safetensors", metadata, state=carried.state)
        raise
    return record


@torch.no_grad()
def predict(
    model: Hours, stream: Stream, device: str = "cpu", carried: list[np.ndarray] | None = None
) -> np.ndarray:
    """What the model makes of each row of a stream, in the units that it sees.

    Lanes begin with a cleared state or go on from `carried`: arrays, [lanes, width] each, that then
    hold what they end with.
    """
    model.to(device).eval()
    found = chunks(stream, BATCH_SIZE, longest=stream.longest, cleared=carried is None)
    lanes = Carried(model, stream)
    if carried is not None:
        for kept, array in zip(lanes.state, carried, strict=True):
            kept.copy_(torch.from_numpy(array))
    outputs: list[np.ndarray] = []
    for chunk in found:
        inputs = [torch.from_numpy(array).to(device) for array in stream.batch(chunk)]
        output, state = model(*inputs, lanes.before(chunk))
        lanes.after(chunk, state)
        outputs.append(output.flatten(0, 1).cpu().numpy())
    if carried is not None:
        for array, kept in zip(carried, lanes.state, strict=True):
            array[...] = kept.cpu().numpy()
    order = np.argsort(np.concatenate([chunk.rows.reshape(-1) for chunk in found]))
    return np.concatenate(outputs)[order]


def evaluate(model: Hours, part: Part, scaling: Scaling, device: str = "cpu") -> dict[str, float]:
    """Scores on a part of the data, in original units, each lane from a cleared state."""
    prediction = scaling.invert_target(predict(model, part.stream, device))
    rows = part.stream.rows
    return score(prediction, scaling.invert_target(part.target[rows]))


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
