"""Next.

    model Next(heard: token(songs, pad=0)[B, T], listener: token(40)[B]) -> float[B, T, songs] {
        taste = listener -> embedding(16) -> repeat(1)
        h = heard -> embedding(16) -> gru(16, return=sequence)
        h + taste -> dense(32, activation=relu) -> dense(songs)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Next(nn.Module):
    """heard [B, T], listener [B] -> logits [B, T, 500]"""

    def __init__(self) -> None:
        super().__init__()
        self.taste_embedding = nn.Embedding(40, 16)
        self.h_embedding = nn.Embedding(500, 16)
        self.h_gru = nn.GRU(16, 16, batch_first=True)
        self.dense = nn.Linear(16, 32)
        self.dense_1 = nn.Linear(32, 500)
        self.reset_parameters()

    def forward(self, heard: Tensor, listener: Tensor) -> Tensor:
        mask = heard != 0  # [B, T]
        x = self.taste_embedding(listener)  # [B, 16]
        taste = x[:, None].expand(-1, 1, -1)  # [B, 1, 16]
        x = self.h_embedding(heard)  # [B, T, 16]
        h, _ = over_data(self.h_gru, x, mask)  # [B, T, 16]
        x = h + taste  # [B, T, 16]
        x = torch.relu(self.dense(x))  # [B, T, 32]
        return self.dense_1(x)  # [B, T, 500]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.taste_embedding.weight, -0.05, 0.05)
        nn.init.uniform_(self.h_embedding.weight, -0.05, 0.05)
        initialise_gru(self.h_gru)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

        nn.init.xavier_uniform_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)


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

    At padding the output before it stands again, as in Keras; zeros if there is none.
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
    blank = place < 0
    return steps.masked_fill(blank[..., None], 0.0), last


def build_model() -> Next:
    """The model with fresh weights."""
    return Next()
