"""Tagger.

    model Tagger(previous: token(12)[B, T]) -> float[B, T, 12] {
        previous
            -> embedding(64)
            -> gru(512, return=sequence)
            -> gru(128, return=sequence)
            -> each(dense(12))
            -> softmax
    }

Compiled by seqspec 0.1.0 from the spec r13_tagger.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Tagger(nn.Module):
    """previous [B, T] -> [B, T, 12]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(12, 64)
        self.gru = nn.GRU(64, 512, batch_first=True)
        self.gru_1 = nn.GRU(512, 128, batch_first=True)
        self.dense = nn.Linear(128, 12)
        self.reset_parameters()

    def forward(self, previous: Tensor) -> Tensor:
        return torch.softmax(self.logits(previous), dim=-1)  # [B, T, 12]

    def logits(self, previous: Tensor) -> Tensor:
        """The same before the last activation: what the loss is exact with."""
        x = self.embedding(previous)  # [B, T, 64]
        x, _ = self.gru(x)  # [B, T, 512]
        x, _ = self.gru_1(x)  # [B, T, 128]
        return self.dense(x)  # [B, T, 12]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        initialise_gru(self.gru)
        initialise_gru(self.gru_1)

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


def build_model() -> Tagger:
    """The model with fresh weights."""
    return Tagger()
