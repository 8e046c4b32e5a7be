"""Hours.

    model Hours(air: float[B, T, 2], clock: float[B, T, 2], place: float[B, 2]) -> float[B, T, 2] {
        start = place -> dense(8, activation=tanh)
        concat(air, clock) -> gru(8, initial=start, return=sequence) -> dense(2)
    }

Compiled by seqspec 0.1.0 from the spec r7_closed_loop.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class HoursState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    gru_h: Tensor  # [B, 8]


class Hours(nn.Module):
    """air [B, T, 2], clock [B, T, 2], place [B, 2] -> [B, T, 2]"""

    def __init__(self) -> None:
        super().__init__()
        self.start_dense = nn.Linear(2, 8)
        self.gru = nn.GRU(4, 8, batch_first=True)
        self.dense = nn.Linear(8, 2)
        self.reset_parameters()

    def forward(self, air: Tensor, clock: Tensor, place: Tensor) -> Tensor:
        start = torch.tanh(self.start_dense(place))  # [B, 8]
        x = torch.cat([air, clock], dim=-1)  # [B, T, 4]
        x, _ = self.gru(x, start[None])  # [B, T, 8]
        return self.dense(x)  # [B, T, 2]

    def begin(self, place: Tensor) -> HoursState:
        """What there is before the first step."""
        start = torch.tanh(self.start_dense(place))  # [B, 8]
        return HoursState(start)

    def step(self, air: Tensor, clock: Tensor, state: HoursState) -> tuple[Tensor, HoursState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = torch.cat([air, clock], dim=-1)  # [B, T, 4]
        x, h_n = self.gru(x, state.gru_h[None])  # [B, T, 8]; h_n [1, B, 8]
        x = self.dense(x)  # [B, T, 2]
        return x, HoursState(h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.start_dense.weight)
        nn.init.zeros_(self.start_dense.bias)

        initialise_gru(self.gru)

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


def build_model() -> Hours:
    """The model with fresh weights."""
    return Hours()
