"""Outlook.

    model Outlook(temp: float[B, 24, 1], wind_speed: float[B, 24, 1])
        -> (warmth: float[B, 1], wind: float[B, 24, 1])
    {
        hours = concat(temp, wind_speed) -> gru(16, return=sequence)
        warmth = hours.last -> dense(1)
        wind = hours -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec t2_two_in_two_out.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class OutlookOutputs(NamedTuple):
    warmth: Tensor  # [B, 1]
    wind: Tensor  # [B, 24, 1]


class Outlook(nn.Module):
    """temp [B, 24, 1], wind_speed [B, 24, 1] -> warmth [B, 1], wind [B, 24, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.hours_gru = nn.GRU(2, 16, batch_first=True)
        self.warmth_dense = nn.Linear(16, 1)
        self.wind_dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(self, temp: Tensor, wind_speed: Tensor) -> OutlookOutputs:
        x = torch.cat([temp, wind_speed], dim=-1)  # [B, 24, 2]
        hours, h_n = self.hours_gru(x)  # [B, 24, 16]; h_n [1, B, 16]
        warmth = self.warmth_dense(h_n[-1])  # [B, 1]
        wind = self.wind_dense(hours)  # [B, 24, 1]
        return OutlookOutputs(warmth, wind)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.hours_gru)

        nn.init.xavier_uniform_(self.warmth_dense.weight)
        nn.init.zeros_(self.warmth_dense.bias)

        nn.init.xavier_uniform_(self.wind_dense.weight)
        nn.init.zeros_(self.wind_dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Outlook:
    """The model with fresh weights."""
    return Outlook()
