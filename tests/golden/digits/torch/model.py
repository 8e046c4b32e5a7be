"""Digits.

    model Digits(rows: float[B, 8, 8]) -> float[B, 10] {
        rows -> lstm(64) -> batch_norm -> dense(10)
    }

Compiled from digits.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Digits(nn.Module):
    """rows [B, 8, 8] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.batch_norm = nn.BatchNorm1d(64, eps=0.001, momentum=0.01)
        self.dense = nn.Linear(64, 10)
        self.reset_parameters()

    def forward(self, rows: Tensor) -> Tensor:
        _, (h_n, _) = self.lstm(rows)  # h_n [1, B, 64]
        x = self.batch_norm(h_n[-1])  # [B, 64]
        return self.dense(x)  # [B, 10]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        lstm = dict(self.lstm.named_parameters())
        nn.init.xavier_uniform_(lstm["weight_ih_l0"])
        nn.init.orthogonal_(lstm["weight_hh_l0"])
        nn.init.zeros_(lstm["bias_ih_l0"])
        nn.init.ones_(lstm["bias_ih_l0"][64:128])  # the forget gate begins open
        nn.init.zeros_(lstm["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Digits:
    """The model with fresh weights."""
    return Digits()
