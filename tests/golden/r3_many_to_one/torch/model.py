"""Verdict.

    model Verdict(readings: float[B, T, 4]) -> float[B, 1] {
        readings -> lstm(32, return=sequence) -> lstm(16) -> dense(1, activation=sigmoid)
    }

Compiled from r3_many_to_one.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to
edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Verdict(nn.Module):
    """readings [B, T, 4] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 32, batch_first=True)
        self.lstm_1 = nn.LSTM(32, 16, batch_first=True)
        self.dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(self, readings: Tensor) -> Tensor:
        x, _ = self.lstm(readings)  # [B, T, 32]
        _, (h_n, _) = self.lstm_1(x)  # h_n [1, B, 16]
        return torch.sigmoid(self.dense(h_n[-1]))  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)
        initialise_lstm(self.lstm_1)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_lstm(lstm: nn.LSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two


def build_model() -> Verdict:
    """The model with fresh weights."""
    return Verdict()
