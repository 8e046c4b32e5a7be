"""Passengers.

    model Passengers(months: float[B, T, 1]) -> float[B, T, 1] {
        months -> gru(16, return=sequence, stateful=true) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s2_long_series.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class PassengersState(NamedTuple):
    """What Passengers carries from one batch to the next."""

    gru_h: Tensor  # [B, 16]


class Passengers(nn.Module):
    """months [B, T, 1] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(
        self, months: Tensor, state: PassengersState | None = None
    ) -> tuple[Tensor, PassengersState]:
        if state is None:
            state = self.zero_state(len(months))
        x, h_n = self.gru(months, state.gru_h[None])  # [B, T, 16]; h_n [1, B, 16]
        x = self.dense(x)  # [B, T, 1]
        return x, PassengersState(h_n[-1])

    def zero_state(self, lanes: int) -> PassengersState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return PassengersState(zeros(lanes, 16))

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)

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


def build_model() -> Passengers:
    """The model with fresh weights."""
    return Passengers()
