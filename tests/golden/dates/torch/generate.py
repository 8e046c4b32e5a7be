"""Dates: writes sequences with trained weights, one token after another.

    generate Dates { loop = iso, start = 11, limit = 10 }

Compiled by seqspec 0.1.0 from the spec dates.seq; yours to edit.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

import weights
from data import DATA_PATH, Part, load, read
from model import Dates, build_model

START = 11  # the first token given
LIMIT = 10  # tokens at most
SOURCES = ("source",)  # what is read of a file to write for


class Steps:
    """The model, a step at a time, for a batch of sequences."""

    def __init__(self, model: Dates, device: str) -> None:
        self.model = model.to(device).eval()
        self.device = device

    @torch.no_grad()
    def begin(self, inputs: tuple[np.ndarray, ...]) -> None:
        """Goes to the beginning of sequences for these inputs."""
        given = [torch.from_numpy(array).to(self.device) for array in inputs]
        self.state = self.model.begin(*given)

    @torch.no_grad()
    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        """What the model gives after tokens [B, T]: [B, V]."""
        given = torch.from_numpy(tokens).to(self.device)
        output, self.state = self.model.step(given, self.state)
        return output[:, -1].float().cpu().numpy()


def generate(
    model: Dates,
    inputs: tuple[np.ndarray, ...],
    *,
    limit: int = LIMIT,
    device: str = "cpu",
    batch_size: int = 64,
) -> list[list[int]]:
    """What the model writes, for each row of its inputs: ids."""
    steps = Steps(model, device)
    written: list[list[int]] = []
    for start in range(0, len(inputs[0]), batch_size):
        given = tuple(array[start : start + batch_size] for array in inputs)
        steps.begin(given)
        tokens = np.full((len(given[0]), 1), START, dtype=np.int32)
        found = write(steps, tokens, limit)
        written += found.tolist()
    return written


def write(steps: Steps, tokens: np.ndarray, limit: int) -> np.ndarray:
    """One token after another for each row, [B, at most limit], behind tokens [B, T]."""
    written: list[np.ndarray] = []
    for _ in range(limit):
        picked = pick(log_probabilities(steps(tokens)))
        written.append(picked)
        tokens = picked[:, None]
    return np.stack(written, axis=1)


def pick(scores: np.ndarray) -> np.ndarray:
    """The most likely token of each row; scores [B, V] are log probabilities."""
    return scores.argmax(axis=1).astype(np.int32)


def log_probabilities(output: np.ndarray) -> np.ndarray:
    """The log probability of each token, of what the model gives: [B, V]."""
    found = output - output.max(axis=1, keepdims=True).astype(np.float64)
    found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
    return found


def add_command(commands: Any, trained: argparse.ArgumentParser) -> None:
    """Adds the command to those of the program; `trained` has the options of weights."""
    command = commands.add_parser("generate", parents=[trained], help="write sequences of ids")
    command.add_argument(
        "--input",
        metavar="FILE",
        action="append",
        help="arrays to write for; may be given several times; default: the test part of the data",
    )
    command.add_argument("--data", type=Path, metavar="FILE", default=DATA_PATH)
    command.add_argument("--limit", type=int, default=LIMIT, help="tokens at most")
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> None:
    """Writes sequences of ids, a line each."""
    model = build_model()
    weights.load(model, options.weights)
    if options.input is None:
        part = load(options.data).test
        exact, number = right(model, part, options.limit, options.device)
        print(f"{exact} of {number} are as they should be: {exact / number:.4f}")
        return
    for path in options.input:
        inputs = inputs_of(Path(path))
        written = generate(model, inputs, limit=options.limit, device=options.device)
        print(*(" ".join(map(str, row)) for row in written), sep="\n")


def inputs_of(path: Path) -> tuple[np.ndarray, ...]:
    """What is written for, of a file. Raises DataError if it cannot be used."""
    arrays = read(path, SOURCES)
    return (arrays["source"],)


def right(model: Dates, part: Part, limit: int, device: str) -> tuple[int, int]:
    """How many sequences of a part are written exactly as they are there, of how many."""
    inputs = (part.inputs[0],)
    written = generate(model, inputs, limit=limit, device=device)
    wanted = part.target
    pairs = zip(written, wanted, strict=True)
    return sum(row == truth.tolist() for row, truth in pairs), len(written)
