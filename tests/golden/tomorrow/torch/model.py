"""Tomorrow.

    model Tomorrow(hours: float[B, T, 3], clock: float[B, T, 2]) -> float[B, T, 3] {
        change = concat(hours, clock) -> gru(32, return=sequence) -> dropout(0.1) -> dense(3)
        hours + change
    }

Compiled by seqspec 0.1.0 from the spec tomorrow.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class TomorrowState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    change_gru_h: Tensor  # [B, 32]


class Tomorrow(nn.Module):
    """hours [B, T, 3], clock [B, T, 2] -> [B, T, 3]"""

    def __init__(self) -> None:
        super().__init__()
        self.change_gru = nn.GRU(5, 32, batch_first=True)
        self.change_dropout = nn.Dropout(0.1)
        self.change_dense = nn.Linear(32, 3)
        self.reset_parameters()

    def forward(self, hours: Tensor, clock: Tensor) -> Tensor:
        x = torch.cat([hours, clock], dim=-1)  # [B, T, 5]
        x, _ = self.change_gru(x)  # [B, T, 32]
        x = self.change_dropout(x)  # [B, T, 32]
        change = self.change_dense(x)  # [B, T, 3]
        return hours + change  # [B, T, 3]

    def begin(self, size: int) -> TomorrowState:
        """What there is before the first step."""
        weight = next(self.parameters())
        return TomorrowState(weight.new_zeros(size, 32))

    def step(
        self, hours: Tensor, clock: Tensor, state: TomorrowState
    ) -> tuple[Tensor, TomorrowState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = torch.cat([hours, clock], dim=-1)  # [B, T, 5]
        x, h_n = self.change_gru(x, state.change_gru_h[None])  # [B, T, 32]; h_n [1, B, 32]
        x = self.change_dropout(x)  # [B, T, 32]
        change = self.change_dense(x)  # [B, T, 3]
        x = hours + change  # [B, T, 3]
        return x, TomorrowState(h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.change_gru)

        nn.init.xavier_uniform_(self.change_dense.weight)
        nn.init.zeros_(self.change_dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Tomorrow:
    """The model with fresh weights."""
    return Tomorrow()
