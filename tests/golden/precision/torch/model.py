"""Digits.

    model Digits(rows: float[B, T, 8]) -> float[B, 10] {
        rows -> lstm(64) -> dense(10, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec precision.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Digits(nn.Module):
    """rows [B, T, 8] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.dense = nn.Linear(64, 10)
        self.reset_parameters()

    def forward(self, rows: Tensor) -> Tensor:
        return torch.softmax(self.logits(rows), dim=-1)  # [B, 10]

    def logits(self, rows: Tensor) -> Tensor:
        """The same before the last activation: what the loss is exact with."""
        _, (h_n, _) = self.lstm(rows)  # h_n [1, B, 64]
        # What the model gives is computed in float32, as in Keras.
        with torch.autocast(rows.device.type, enabled=False):
            return self.dense(h_n[-1].float())  # [B, 10]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)

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


def build_model() -> Digits:
    """The model with fresh weights."""
    return Digits()
