"""Translate: writes sequences with trained weights, one token after another.

    generate Translate { loop = target, start = 1, stop = 2, limit = 40, pick = beam(4) }

Compiled by seqspec 0.1.0 from the spec s6_encoder_decoder.seq; yours to edit.
"""

from __future__ import annotations

import numpy as np
import torch

from model import Translate, TranslateState

START = 1  # the first token given
STOP = 2  # the token that ends
LIMIT = 40  # tokens at most
WIDTH = 4  # beginnings that are kept
LENGTH_PENALTY = 1.0


class Steps:
    """The model, a step at a time, for a batch of sequences."""

    def __init__(self, model: Translate, device: str) -> None:
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

    def choose(self, rows: np.ndarray) -> None:
        """Goes on with these rows of the batch, in this order; one may be taken several times."""
        chosen = torch.from_numpy(rows).to(self.device)
        self.state = TranslateState(*(tensor[chosen] for tensor in self.state))


def generate(
    model: Translate,
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
