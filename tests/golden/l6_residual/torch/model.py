"""Ahead: The next value of two series from their last 24.

    model Convolved(x: float[B, T, F]) -> float[B, T, F] {
        x + (x -> layer_norm -> conv_1d(F, 3, padding=causal, activation=relu) -> dropout(rate))
    }

    model Carried(x: float[B, T, F]) -> float[B, T, F] {
        x + (x -> layer_norm -> gru(F, return=sequence))
    }

    model Ahead(series: float[B, 24, 2]) -> float[B, 2] {
        level = series[:, -1:]
        change = series - level
        deep = change -> dense(16) -> Convolved -> Carried -> Convolved -> Carried
        level[:, 0] + (deep[:, -1] -> dense(2))
    }

Compiled by seqspec 0.1.0 from the spec l6_residual.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Convolved(nn.Module):
    """x [B, 24, 16] -> [B, 24, 16]"""

    def __init__(self) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(16, eps=0.001)
        self.conv_1d = nn.Conv1d(16, 16, 3)
        self.dropout = nn.Dropout(0.1)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        layer_norm_out = self.layer_norm(x)  # [B, 24, 16]
        # [B, 24, 16]
        conv_1d_out = torch.relu(self.conv_1d(functional.pad(layer_norm_out.mT, (2, 0))).mT)
        dropout_out = self.dropout(conv_1d_out)  # [B, 24, 16]
        return x + dropout_out  # [B, 24, 16]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.conv_1d.weight)
        nn.init.zeros_(self.conv_1d.bias)


class Carried(nn.Module):
    """x [B, 24, 16] -> [B, 24, 16]"""

    def __init__(self) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(16, eps=0.001)
        self.gru = nn.GRU(16, 16, batch_first=True)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        layer_norm_out = self.layer_norm(x)  # [B, 24, 16]
        gru_out, _ = self.gru(layer_norm_out)  # [B, 24, 16]
        return x + gru_out  # [B, 24, 16]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)


class Ahead(nn.Module):
    """series [B, 24, 2] -> [B, 2]"""

    def __init__(self) -> None:
        super().__init__()
        self.deep_dense = nn.Linear(2, 16)
        self.deep_convolved = Convolved()
        self.deep_carried = Carried()
        self.deep_convolved_1 = Convolved()
        self.deep_carried_1 = Carried()
        self.dense = nn.Linear(16, 2)
        self.reset_parameters()

    def forward(self, series: Tensor) -> Tensor:
        level = series[:, -1:]  # [B, 1, 2]
        change = series - level  # [B, 24, 2]
        x = self.deep_dense(change)  # [B, 24, 16]
        x = self.deep_convolved(x)  # [B, 24, 16]
        x = self.deep_carried(x)  # [B, 24, 16]
        x = self.deep_convolved_1(x)  # [B, 24, 16]
        deep = self.deep_carried_1(x)  # [B, 24, 16]
        x = level[:, 0]  # [B, 2]
        part_1_out = deep[:, -1]  # [B, 16]
        dense_out = self.dense(part_1_out)  # [B, 2]
        return x + dense_out  # [B, 2]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.deep_dense.weight)
        nn.init.zeros_(self.deep_dense.bias)

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


def build_model() -> Ahead:
    """The model with fresh weights."""
    return Ahead()
