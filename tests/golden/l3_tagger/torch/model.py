"""Tagger: L3: a tag for each word of sentences of different lengths, padded with the id 0.

The mask follows from the type of the words, through both directions, to the tags.

    model Tagger(words: token(40, pad=0)[B, T]) -> float[B, T, 5] {
        words -> embedding(16) -> bidirectional(gru(12, return=sequence)) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l3_tagger.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Tagger(nn.Module):
    """words [B, T] -> [B, T, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 16)
        self.bidirectional = nn.GRU(16, 12, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(24, 5)
        self.reset_parameters()

    def forward(self, words: Tensor) -> Tensor:
        mask = words != 0  # [B, T]
        x = self.embedding(words)  # [B, T, 16]
        x, _ = over_data(self.bidirectional, x, mask)  # [B, T, 24]
        return self.dense(x)  # [B, T, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        initialise_gru(self.bidirectional)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """A module over the data alone: its output at each step, and its last state.

    At padding it is zeros.
    """
    lengths = mask.sum(1)
    order = mask.int().argsort(dim=1, descending=True, stable=True)  # data first
    data = x.gather(1, order[..., None].expand_as(x))
    counts = lengths.clamp(min=1).cpu()  # a sequence without a step cannot be packed
    packed = pack_padded_sequence(data, counts, batch_first=True, enforce_sorted=False)
    packed, last = rnn(packed, state)
    empty = (lengths == 0)[:, None]  # these keep the state that they began with
    last = torch.where(empty, 0.0 if state is None else state, last)
    steps, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    place = mask.cumsum(1) - 1  # of each step among the data; padding has that of the step before
    steps = steps.gather(1, place.clamp(min=0)[..., None].expand(-1, -1, steps.shape[-1]))
    blank = ~mask
    return steps.masked_fill(blank[..., None], 0.0), last


def build_model() -> Tagger:
    """The model with fresh weights."""
    return Tagger()
