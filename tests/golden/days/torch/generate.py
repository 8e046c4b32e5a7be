"""Days: writes sequences with trained weights, one token after another.

    generate Days { loop = iso, limit = 12, pick = beam(4) }

Compiled by seqspec 0.1.0 from the spec days.seq; yours to edit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import weights
from data import DATA_PATH, Part, Vocabulary, load, token_list
from model import Days, DaysMemory, DaysState, build_model

START = 2  # the first token given
STOP = 3  # the token that ends
LIMIT = 12  # tokens at most
WIDTH = 4  # beginnings that are kept
LENGTH_PENALTY = 1.0


class Steps:
    """The model, a step at a time, for a batch of sequences."""

    def __init__(self, model: Days, device: str) -> None:
        self.model = model.to(device).eval()
        self.device = device

    @torch.no_grad()
    def begin(self, inputs: tuple[np.ndarray, ...]) -> None:
        """Goes to the beginning of sequences for these inputs."""
        given = [torch.from_numpy(array).to(self.device) for array in inputs]
        self.memory, self.state = self.model.begin(*given)

    @torch.no_grad()
    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        """What the model gives after tokens [B, T]: [B, V]."""
        given = torch.from_numpy(tokens).to(self.device)
        output, self.state = self.model.step(given, self.memory, self.state)
        return output[:, -1].float().cpu().numpy()

    def choose(self, rows: np.ndarray) -> None:
        """Goes on with these rows of the batch, in this order; one may be taken several times."""
        chosen = torch.from_numpy(rows).to(self.device)
        self.memory = DaysMemory(*(tensor[chosen] for tensor in self.memory))
        self.state = DaysState(*(tensor[chosen] for tensor in self.state))


def generate(
    model: Days,
    inputs: tuple[np.ndarray, ...],
    *,
    limit: int = LIMIT,
    device: str = "cpu",
    batch_size: int = 64,
) -> list[list[int]]:
    """What the model writes, for each row of its inputs: ids without the one that ends them."""
    steps = Steps(model, device)
    written: list[list[int]] = []
    for start in range(0, len(inputs[0]), batch_size):
        given = tuple(array[start : start + batch_size] for array in inputs)
        steps.begin(given)
        tokens = np.full((len(given[0]), 1), START, dtype=np.int32)
        found = search(steps, tokens, limit)
        written += [ended(row) for row in found.tolist()]
    return written


def search(steps: Steps, tokens: np.ndarray, limit: int) -> np.ndarray:
    """Beam search: the best sequence found for each row, [B, at most limit].

    WIDTH beginnings are kept at a time, those of the highest log probability divided by their
    length to the power LENGTH_PENALTY. tokens [B, T] is what they all begin with.
    """
    rows = len(tokens)
    steps.choose(np.repeat(np.arange(rows), WIDTH))
    tokens = np.repeat(tokens, WIDTH, axis=0)
    totals = np.full((rows, WIDTH), -np.inf)
    totals[:, 0] = 0.0  # at first all beginnings are the same
    lengths = np.zeros((rows, WIDTH))
    done = np.zeros((rows, WIDTH), dtype=bool)
    written = np.zeros((rows, WIDTH, 0), dtype=np.int32)
    for _ in range(limit):
        following = log_probabilities(steps(tokens)).reshape(rows, WIDTH, -1)  # [B, WIDTH, V]
        following[done] = -np.inf
        following[done, STOP] = 0.0  # what has ended stays as it is
        scores = (totals[..., None] + following).reshape(rows, -1)
        longer = lengths + ~done
        ranked = scores / np.repeat(longer**LENGTH_PENALTY, following.shape[-1], axis=1)
        best = np.argsort(-ranked, axis=1, kind="stable")[:, :WIDTH]
        beams, picked = np.divmod(best, following.shape[-1])
        totals = np.take_along_axis(scores, best, axis=1)
        lengths = np.take_along_axis(longer, beams, axis=1)
        before = np.take_along_axis(written, beams[..., None], axis=1)
        written = np.concatenate([before, picked[..., None].astype(np.int32)], axis=2)
        done = np.take_along_axis(done, beams, axis=1) | (picked == STOP)
        if done.all():
            break
        steps.choose((np.arange(rows)[:, None] * WIDTH + beams).reshape(-1))
        tokens = picked.reshape(-1, 1).astype(np.int32)
    return written[:, 0]  # the best stands first


def log_probabilities(output: np.ndarray) -> np.ndarray:
    """The log probability of each token, of what the model gives: [B, V]."""
    found = output - output.max(axis=1, keepdims=True).astype(np.float64)
    found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
    return found


def ended(ids: list[int]) -> list[int]:
    """A row up to the token that ends it."""
    return ids[: ids.index(STOP)] if STOP in ids else ids


def write_texts(
    model: Days,
    texts: Sequence[str],
    vocabulary: Vocabulary,
    limit: int = LIMIT,
    device: str = "cpu",
) -> list[str]:
    """What the model writes for each text. Raises DataError if one cannot be read."""
    rows = [token_list(text, "written", "the text") for text in texts]
    part = vocabulary.encode({"written": np.fromiter(rows, object, len(rows))})
    given = part["written"]
    inputs = (np.asarray(given), given.lengths)
    written = generate(model, inputs, limit=limit, device=device)
    return [text_of(row, vocabulary) for row in written]


def text_of(ids: list[int], vocabulary: Vocabulary) -> str:
    """The text that ids stand for."""
    words = vocabulary.words("iso")
    return "".join(words[place] for place in ids)


def add_command(commands: Any, trained: argparse.ArgumentParser) -> None:
    """Adds the command to those of the program; `trained` has the options of weights."""
    command = commands.add_parser("generate", parents=[trained], help="write texts")
    command.add_argument(
        "--input",
        metavar="TEXT",
        action="append",
        help="what to write for; may be given several times; default: the test part of the data",
    )
    command.add_argument("--data", type=Path, metavar="FILE", default=DATA_PATH)
    command.add_argument("--limit", type=int, default=LIMIT, help="tokens at most")
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> None:
    """Writes texts, a line each."""
    model = build_model()
    vocabulary = Vocabulary.from_json(weights.load(model, options.weights).get("vocabulary", ""))
    if options.input is None:
        part = load(options.data, vocabulary).test
        exact, number = right(model, part, options.limit, options.device)
        print(f"{exact} of {number} are as they should be: {exact / number:.4f}")
        return
    texts: list[str] = options.input
    written = write_texts(model, texts, vocabulary, options.limit, options.device)
    print(*written, sep="\n")


def right(model: Days, part: Part, limit: int, device: str) -> tuple[int, int]:
    """How many sequences of a part are written exactly as they are there, of how many."""
    inputs = (np.asarray(part.inputs[0]), np.asarray(part.inputs[1]))
    written = generate(model, inputs, limit=limit, device=device)
    wanted = np.split(part.target.values, part.target.starts[1:])
    pairs = zip(written, wanted, strict=True)
    return sum(row == ended(truth.tolist()) for row, truth in pairs), len(written)
