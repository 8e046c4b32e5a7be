"""Apart.

    model Apart(text: token(1000)[B, T]) -> (next: float[B, T, 1000], topic: float[B, 5]) {
        read = text -> embedding(16) -> bidirectional(lstm(24), merge_mode=none)
        next = read.forward.sequence -> dense(1000)
        topic = concat(read.forward.last, read.backward.last) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l1_both_ways_apart.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class ApartOutputs(NamedTuple):
    next_: Tensor  # [B, T, 1000]
    topic: Tensor  # [B, 5]


class Apart(nn.Module):
    """text [B, T] -> next [B, T, 1000], topic [B, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.read_embedding = nn.Embedding(1000, 16)
        self.read_bidirectional = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
        self.next_dense = nn.Linear(24, 1000)
        self.topic_dense = nn.Linear(48, 5)
        self.reset_parameters()

    def forward(self, text: Tensor) -> ApartOutputs:
        x = self.read_embedding(text)  # [B, T, 16]
        # [B, T, 48], the directions side by side; h_n [2, B, 24]
        both, (h_n, _) = self.read_bidirectional(x)
        read_forward_sequence, _ = both.chunk(2, dim=-1)  # [B, T, 24] each
        next_ = self.next_dense(read_forward_sequence)  # [B, T, 1000]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 48]
        topic = self.topic_dense(x)  # [B, 5]
        return ApartOutputs(next_, topic)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.read_embedding.weight, -0.05, 0.05)
        initialise_lstm(self.read_bidirectional)

        nn.init.xavier_uniform_(self.next_dense.weight)
        nn.init.zeros_(self.next_dense.bias)

        nn.init.xavier_uniform_(self.topic_dense.weight)
        nn.init.zeros_(self.topic_dense.bias)


def initialise_lstm(lstm: nn.LSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    units = lstm.hidden_size
    for name, weight in lstm.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        elif name.startswith("bias_ih"):
            nn.init.zeros_(weight)
            nn.init.ones_(weight[units : 2 * units])  # the forget gate begins open
        else:
            nn.init.zeros_(weight).requires_grad_(False)  # one bias, not two


def build_model() -> Apart:
    """The model with fresh weights."""
    return Apart()
