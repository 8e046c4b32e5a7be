"""Airports: Each airport is scaled by itself; its place is not. Training samples are jittered.

    model Airports(hours: float[B, 24, 3], place: float[B, 2]) -> (temp: float[B, 6], dewp: float[B,
        6]) {
        past = concat(hours -> gru(16), place)
        temp = past -> dense(6)
        dewp = past -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class AirportsOutputs(NamedTuple):
    temp: Tensor  # [B, 6]
    dewp: Tensor  # [B, 6]


class Airports(nn.Module):
    """hours [B, 24, 3], place [B, 2] -> temp [B, 6], dewp [B, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 16, batch_first=True)
        self.temp_dense = nn.Linear(18, 6)
        self.dewp_dense = nn.Linear(18, 6)
        self.reset_parameters()

    def forward(self, hours: Tensor, place: Tensor) -> AirportsOutputs:
        _, h_n = self.gru(hours)  # h_n [1, B, 16]
        past = torch.cat([h_n[-1], place], dim=-1)  # [B, 18]
        temp = self.temp_dense(past)  # [B, 6]
        dewp = self.dewp_dense(past)  # [B, 6]
        return AirportsOutputs(temp, dewp)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)

        nn.init.xavier_uniform_(self.temp_dense.weight)
        nn.init.zeros_(self.temp_dense.bias)

        nn.init.xavier_uniform_(self.dewp_dense.weight)
        nn.init.zeros_(self.dewp_dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Airports:
    """The model with fresh weights."""
    return Airports()
