"""Stations.

    model Stations(hours: float[B, 48, 5], place: float[B, 2], calendar: float[B, 6, 2])
        -> float[B, 6]
    {
        past = hours -> gru(32)
        concat(past, place, calendar -> flatten) -> dense(48, activation=relu) -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec stations.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Stations(nn.Module):
    """hours [B, 48, 5], place [B, 2], calendar [B, 6, 2] -> [B, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.past_gru = nn.GRU(5, 32, batch_first=True)
        self.dense = nn.Linear(46, 48)
        self.dense_1 = nn.Linear(48, 6)
        self.reset_parameters()

    def forward(self, hours: Tensor, place: Tensor, calendar: Tensor) -> Tensor:
        _, h_n = self.past_gru(hours)  # h_n [1, B, 32]
        past = h_n[-1]  # [B, 32], the last step
        x = calendar.flatten(1)  # [B, 12]
        x = torch.cat([past, place, x], dim=-1)  # [B, 46]
        x = torch.relu(self.dense(x))  # [B, 48]
        return self.dense_1(x)  # [B, 6]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.past_gru)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

        nn.init.xavier_uniform_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Stations:
    """The model with fresh weights."""
    return Stations()
