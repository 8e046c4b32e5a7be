"""Handover.

    model Handover(past: float[B, S, 3], future: float[B, T, 2]) -> float[B, T, 1] {
        seen = past -> bidirectional(lstm(8))
        told = future -> bidirectional(lstm(8, return=sequence), initial=seen.state)
        first = past -> gru(16)
        second = future -> gru(16, initial=first.state, return=sequence)
        concat(told, second) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s5_states.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Handover(nn.Module):
    """past [B, S, 3], future [B, T, 2] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.seen_bidirectional = nn.LSTM(3, 8, batch_first=True, bidirectional=True)
        self.told_bidirectional = nn.LSTM(2, 8, batch_first=True, bidirectional=True)
        self.first_gru = nn.GRU(3, 16, batch_first=True)
        self.second_gru = nn.GRU(2, 16, batch_first=True)
        self.dense = nn.Linear(32, 1)
        self.reset_parameters()

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        _, seen_state = self.seen_bidirectional(past)  # h_n and c_n [2, B, 8]
        told, _ = self.told_bidirectional(future, seen_state)  # [B, T, 16]
        _, first_state = self.first_gru(past)  # h_n [1, B, 16]
        second, _ = self.second_gru(future, first_state)  # [B, T, 16]
        x = torch.cat([told, second], dim=-1)  # [B, T, 32]
        return self.dense(x)  # [B, T, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.seen_bidirectional)
        initialise_lstm(self.told_bidirectional)
        initialise_gru(self.first_gru)
        initialise_gru(self.second_gru)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


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


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Handover:
    """The model with fresh weights."""
    return Handover()
