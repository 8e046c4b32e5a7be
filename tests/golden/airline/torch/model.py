"""Airline.

    model Airline(months: float[B, 13, 1]) -> float[B, 1] {
        linear = months -> flatten -> dense(1)
        rest = months -> lstm(4) -> dense(1)
        add(linear, rest)
    }

Compiled by seqspec 0.1.0 from the spec airline.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
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

        initialise_lstm(self.rest_lstm)

        nn.init.xavier_uniform_(self.rest_dense.weight)
        nn.init.zeros_(self.rest_dense.bias)


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


def build_model() -> Airline:
    """The model with fresh weights."""
    return Airline()
