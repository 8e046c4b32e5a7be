"""Watch.

    model Watch(air: float[B, T, 3]) -> float[B, T, 3] {
        air -> gru(24, return=sequence) -> dense(2) -> dense(32, activation=tanh) -> dense(3)
    }

Compiled by seqspec 0.1.0 from the spec watch.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class WatchState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    gru_h: Tensor  # [B, 24]


class Watch(nn.Module):
    """air [B, T, 3] -> [B, T, 3]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 24, batch_first=True)
        self.dense = nn.Linear(24, 2)
        self.dense_1 = nn.Linear(2, 32)
        self.dense_2 = nn.Linear(32, 3)
        self.reset_parameters()

    def forward(self, air: Tensor) -> Tensor:
        x, _ = self.gru(air)  # [B, T, 24]
        x = self.dense(x)  # [B, T, 2]
        x = torch.tanh(self.dense_1(x))  # [B, T, 32]
        return self.dense_2(x)  # [B, T, 3]

    def begin(self, size: int) -> WatchState:
        """What there is before the first step."""
        weight = next(self.parameters())
        return WatchState(weight.new_zeros(size, 24))

    def step(self, air: Tensor, state: WatchState) -> tuple[Tensor, WatchState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x, h_n = self.gru(air, state.gru_h[None])  # [B, T, 24]; h_n [1, B, 24]
        x = self.dense(x)  # [B, T, 2]
        x = torch.tanh(self.dense_1(x))  # [B, T, 32]
        x = self.dense_2(x)  # [B, T, 3]
        return x, WatchState(h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

        nn.init.xavier_uniform_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)

        nn.init.xavier_uniform_(self.dense_2.weight)
        nn.init.zeros_(self.dense_2.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Watch:
    """The model with fresh weights."""
    return Watch()
