"""Airline.

    model Airline(months: float[B, 13, 1]) -> float[B, 1] {
        linear = months -> flatten -> dense(1)
        rest = months -> lstm(4) -> dense(1)
        add(linear, rest)
    }

Compiled from airline.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Airline(nn.Module):
    """months [B, 13, 1] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.linear_dense = nn.Linear(13, 1)
        self.rest_lstm = nn.LSTM(1, 4, batch_first=True)
        self.rest_dense = nn.Linear(4, 1)
        self.reset_parameters()

    def forward(self, months: Tensor) -> Tensor:
        x = months.flatten(1)  # [B, 13]
        linear = self.linear_dense(x)  # [B, 1]
        _, (h_n, _) = self.rest_lstm(months)  # h_n [1, B, 4]
        rest = self.rest_dense(h_n[-1])  # [B, 1]
        return linear + rest  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.linear_dense.weight)
        nn.init.zeros_(self.linear_dense.bias)

        rest_lstm = dict(self.rest_lstm.named_parameters())
        nn.init.xavier_uniform_(rest_lstm["weight_ih_l0"])
        nn.init.orthogonal_(rest_lstm["weight_hh_l0"])
        nn.init.zeros_(rest_lstm["bias_ih_l0"])
        nn.init.ones_(rest_lstm["bias_ih_l0"][4:8])  # the forget gate begins open
        nn.init.zeros_(rest_lstm["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.rest_dense.weight)
        nn.init.zeros_(self.rest_dense.bias)


def build_model() -> Airline:
    """The model with fresh weights."""
    return Airline()
