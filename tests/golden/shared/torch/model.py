"""Twins.

    model Twins(left: float[B, T, 6], right: float[B, T, 6]) -> float[B, 1] {
        tower = dropout(0.1) -> lstm(64)
        a = left -> tower
        b = right -> tower
        concat(a, b) -> dense(1, activation=sigmoid)
    }

Compiled from shared.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Twins(nn.Module):
    """left [B, T, 6], right [B, T, 6] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.tower_dropout = nn.Dropout(0.1)
        self.tower_lstm = nn.LSTM(6, 64, batch_first=True)
        self.dense = nn.Linear(128, 1)
        self.reset_parameters()

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        x = self.tower_dropout(left)  # [B, T, 6]
        _, (h_n, _) = self.tower_lstm(x)  # h_n [1, B, 64]
        a = h_n[-1]  # [B, 64], the last step
        x = self.tower_dropout(right)  # [B, T, 6]
        _, (h_n, _) = self.tower_lstm(x)  # h_n [1, B, 64]
        b = h_n[-1]  # [B, 64], the last step
        x = torch.cat([a, b], dim=-1)  # [B, 128]
        return torch.sigmoid(self.dense(x))  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        tower_lstm = dict(self.tower_lstm.named_parameters())
        nn.init.xavier_uniform_(tower_lstm["weight_ih_l0"])
        nn.init.orthogonal_(tower_lstm["weight_hh_l0"])
        nn.init.zeros_(tower_lstm["bias_ih_l0"])
        nn.init.ones_(tower_lstm["bias_ih_l0"][64:128])  # the forget gate begins open
        nn.init.zeros_(tower_lstm["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Twins:
    """The model with fresh weights."""
    return Twins()
