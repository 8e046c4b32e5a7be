"""Days.

    model Days(days: float[B, 14, 3]) -> (warmth: float[B, 2], kind: float[B, 14, 5]) {
        h = days -> gru(16, return=sequence)
        warmth = h.last -> dense(2)
        kind = h -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class DaysOutputs(NamedTuple):
    warmth: Tensor  # [B, 2]
    kind: Tensor  # [B, 14, 5]


class Days(nn.Module):
    """days [B, 14, 3] -> warmth [B, 2], kind [B, 14, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_gru = nn.GRU(3, 16, batch_first=True)
        self.warmth_dense = nn.Linear(16, 2)
        self.kind_dense = nn.Linear(16, 5)
        self.reset_parameters()

    def forward(self, days: Tensor) -> DaysOutputs:
        h, h_n = self.h_gru(days)  # [B, 14, 16]; h_n [1, B, 16]
        warmth = self.warmth_dense(h_n[-1])  # [B, 2]
        kind = self.kind_dense(h)  # [B, 14, 5]
        return DaysOutputs(warmth, kind)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.h_gru)

        nn.init.xavier_uniform_(self.warmth_dense.weight)
        nn.init.zeros_(self.warmth_dense.bias)

        nn.init.xavier_uniform_(self.kind_dense.weight)
        nn.init.zeros_(self.kind_dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Days:
    """The model with fresh weights."""
    return Days()
