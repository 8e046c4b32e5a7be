"""Seattle.

    model Seattle(days: float[B, 28, 4]) -> float[B, 28, 5] {
        days
            -> bidirectional(gru(32, return=sequence))
            -> dropout(0.3)
            -> each(dense(5, activation=softmax))
    }

Compiled by seqspec 0.1.0 from the spec seattle.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Seattle(nn.Module):
    """days [B, 28, 4] -> [B, 28, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.bidirectional = nn.GRU(4, 32, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(64, 5)
        self.reset_parameters()

    def forward(self, days: Tensor) -> Tensor:
        return torch.softmax(self.logits(days), dim=-1)  # [B, 28, 5]

    def logits(self, days: Tensor) -> Tensor:
        """The same before the last activation: what the loss is exact with."""
        x, _ = self.bidirectional(days)  # [B, 28, 64]
        x = self.dropout(x)  # [B, 28, 64]
        return self.dense(x)  # [B, 28, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
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


def build_model() -> Seattle:
    """The model with fresh weights."""
    return Seattle()
