"""Book: writes sequences with trained weights, one token after another.

    generate Book {
        loop  = text
        limit = 50
        pick  = sample(top_k=40)
    }

Compiled by seqspec 0.1.0 from the spec model.seq; yours to edit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

import weights
from data import UNKNOWN, DataError, Vocabulary, cut, standard
from model import build_model, zero_state
from train import on_device

LIMIT = 50  # tokens at most
SEED = 0
TOP_K = 40


class Steps:
    """The model, a step at a time, for a batch of sequences."""

    def __init__(self, model: keras.Model, device: str) -> None:
        self.model = model
        self.device = device

    def begin(self, size: int) -> None:
        """Goes to the beginning of so many sequences."""
        self.state = zero_state(self.model, size)

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        """What the model gives after tokens [B, T]: [B, V]."""
        given = [tokens, *self.state]
        with on_device(self.device):
            output, *self.state = self.model.predict_on_batch(given)
        return np.asarray(output[:, -1], np.float32)


def generate(
    model: keras.Model,
    prompts: np.ndarray,
    *,
    limit: int = LIMIT,
    seed: int = SEED,
    device: str = "cpu",
    batch_size: int = 64,
) -> list[list[int]]:
    """What the model writes, behind prompts [B, T]: ids."""
    steps = Steps(model, device)
    written: list[list[int]] = []
    rng = np.random.default_rng(seed)
    for start in range(0, len(prompts), batch_size):
        tokens = prompts[start : start + batch_size]
        steps.begin(len(tokens))
        found = write(steps, tokens, limit, rng)
        written += found.tolist()
    return written


def write(steps: Steps, tokens: np.ndarray, limit: int, rng: np.random.Generator) -> np.ndarray:
    """One token after another for each row, [B, at most limit], behind tokens [B, T]."""
    written: list[np.ndarray] = []
    for _ in range(limit):
        picked = pick(log_probabilities(steps(tokens)), rng)
        written.append(picked)
        tokens = picked[:, None]
    return np.stack(written, axis=1)


def pick(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A token for each row, drawn by its probability; scores [B, V] are log probabilities."""
    least = np.partition(scores, -TOP_K, axis=1)[:, -TOP_K, None]
    scores = np.where(scores < least, -np.inf, scores)
    # The largest after Gumbel noise is a draw by probability.
    return (scores + rng.gumbel(size=scores.shape)).argmax(axis=1).astype(np.int32)


def log_probabilities(output: np.ndarray) -> np.ndarray:
    """The log probability of each token, of what the model gives: [B, V]."""
    found = output - output.max(axis=1, keepdims=True).astype(np.float64)
    found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
    return found


def write_texts(
    model: keras.Model,
    texts: Sequence[str],
    vocabulary: Vocabulary,
    limit: int = LIMIT,
    seed: int = SEED,
    device: str = "cpu",
) -> list[str]:
    """How the model goes on after each text."""
    ids = vocabulary.ids("text")
    written: list[list[int]] = []
    for text in texts:
        tokens = cut(standard(text))
        prompt = [*(ids.get(token, UNKNOWN) for token in tokens)]
        if not prompt:
            raise DataError("there is nothing to go on from: give a text that begins")
        prompts = np.array([prompt], dtype=np.int32)
        written += generate(model, prompts, limit=limit, seed=seed, device=device)
    return [text_of(row, vocabulary) for row in written]


def text_of(ids: list[int], vocabulary: Vocabulary) -> str:
    """The text that ids stand for."""
    words = vocabulary.words("text")
    return " ".join(words[place] for place in ids)


def add_command(commands: Any, trained: argparse.ArgumentParser) -> None:
    """Adds the command to those of the program; `trained` has the options of weights."""
    command = commands.add_parser("generate", parents=[trained], help="write texts")
    command.add_argument(
        "--input",
        metavar="TEXT",
        action="append",
        help="what to go on from; may be given several times",
    )
    command.add_argument("--limit", type=int, default=LIMIT, help="tokens at most")
    command.add_argument("--seed", type=int, default=SEED)
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> None:
    """Writes texts, a line each."""
    model = build_model()
    vocabulary = Vocabulary.from_json(weights.load(model, options.weights).get("vocabulary", ""))
    texts: list[str] = options.input or [""]
    written = write_texts(model, texts, vocabulary, options.limit, options.seed, options.device)
    for text, continuation in zip(texts, written, strict=True):
        print(f"{text} {continuation}")
