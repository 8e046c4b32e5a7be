"""Passengers.

    model Passengers(months: float[B, T, 1]) -> float[B, T, 1] {
        months -> lstm(16, return=sequence) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec r6_feed_back.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class PassengersState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    lstm_h: Tensor  # [B, 16]
    lstm_c: Tensor  # [B, 16]


class Passengers(nn.Module):
    """months [B, T, 1] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(self, months: Tensor) -> Tensor:
        x, _ = self.lstm(months)  # [B, T, 16]
        return self.dense(x)  # [B, T, 1]

    def begin(self, size: int) -> PassengersState:
        """What there is before the first step."""
        weight = next(self.parameters())
        return PassengersState(weight.new_zeros(size, 16), weight.new_zeros(size, 16))

    def step(self, months: Tensor, state: PassengersState) -> tuple[Tensor, PassengersState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        # [B, T, 16]; h_n and c_n [1, B, 16]
        x, (h_n, c_n) = self.lstm(months, (state.lstm_h[None], state.lstm_c[None]))
        x = self.dense(x)  # [B, T, 1]
        return x, PassengersState(h_n[-1], c_n[-1])

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


def build_model() -> Passengers:
    """The model with fresh weights."""
    return Passengers()
