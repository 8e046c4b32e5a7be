"""Hourly.

    model Hourly(air: float[B, T, 2], calendar: float[B, T, 2]) -> float[B, T, 2] {
        change = concat(air, calendar) -> lstm(32, return=sequence, stateful=true) -> dense(2)
        air + change
    }

Compiled by seqspec 0.1.0 from the spec hourly.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class HourlyState(NamedTuple):
    """What Hourly carries from one batch to the next."""

    change_lstm_h: Tensor  # [B, 32]
    change_lstm_c: Tensor  # [B, 32]


class Hourly(nn.Module):
    """air [B, T, 2], calendar [B, T, 2] -> [B, T, 2]"""

    def __init__(self) -> None:
        super().__init__()
        self.change_lstm = nn.LSTM(4, 32, batch_first=True)
        self.change_dense = nn.Linear(32, 2)
        self.reset_parameters()

    def forward(
        self, air: Tensor, calendar: Tensor, state: HourlyState | None = None
    ) -> tuple[Tensor, HourlyState]:
        if state is None:
            state = self.zero_state(len(air))
        x = torch.cat([air, calendar], dim=-1)  # [B, T, 4]
        # [B, T, 32]; h_n and c_n [1, B, 32]
        x, (h_n, c_n) = self.change_lstm(x, (state.change_lstm_h[None], state.change_lstm_c[None]))
        change = self.change_dense(x)  # [B, T, 2]
        x = air + change  # [B, T, 2]
        return x, HourlyState(h_n[-1], c_n[-1])

    def zero_state(self, lanes: int) -> HourlyState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return HourlyState(zeros(lanes, 32), zeros(lanes, 32))

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.change_lstm)

        nn.init.xavier_uniform_(self.change_dense.weight)
        nn.init.zeros_(self.change_dense.bias)


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


def build_model() -> Hourly:
    """The model with fresh weights."""
    return Hourly()
