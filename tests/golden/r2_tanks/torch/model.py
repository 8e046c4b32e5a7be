"""Tanks.

    model Tanks(readings: float[B, 5, 2]) -> float[B, 1] {
        readings -> lstm(8) -> dense(1)
    }

Compiled from r2_tanks.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Tanks(nn.Module):
    """readings [B, 5, 2] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True)
        self.dense = nn.Linear(8, 1)
        self.reset_parameters()

    def forward(self, readings: Tensor) -> Tensor:
        _, (h_n, _) = self.lstm(readings)  # h_n [1, B, 8]
        return self.dense(h_n[-1])  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        lstm = dict(self.lstm.named_parameters())
        nn.init.xavier_uniform_(lstm["weight_ih_l0"])
        nn.init.orthogonal_(lstm["weight_hh_l0"])
        nn.init.zeros_(lstm["bias_ih_l0"])
        nn.init.ones_(lstm["bias_ih_l0"][8:16])  # the forget gate begins open
        nn.init.zeros_(lstm["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Tanks:
    """The model with fresh weights."""
    return Tanks()
