"""Watch.

    model Watch(beats: float[B, T, 3]) -> (calm: float[B, T, 1], kind: float[B, 4]) {
        h = beats -> lstm(16, return=sequence) -> gru(8, return=sequence)
        calm = h -> dense(1, activation=sigmoid)
        kind = h.last -> dense(4, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec s7_stepper.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class WatchOutputs(NamedTuple):
    calm: Tensor  # [B, T, 1]
    kind: Tensor  # [B, 4]


class WatchState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    h_lstm_h: Tensor  # [B, 16]
    h_lstm_c: Tensor  # [B, 16]
    h_gru_h: Tensor  # [B, 8]


class Watch(nn.Module):
    """beats [B, T, 3] -> calm [B, T, 1], kind [B, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_lstm = nn.LSTM(3, 16, batch_first=True)
        self.h_gru = nn.GRU(16, 8, batch_first=True)
        self.calm_dense = nn.Linear(8, 1)
        self.kind_dense = nn.Linear(8, 4)
        self.reset_parameters()

    def forward(self, beats: Tensor) -> WatchOutputs:
        x, _ = self.h_lstm(beats)  # [B, T, 16]
        h, h_n = self.h_gru(x)  # [B, T, 8]; h_n [1, B, 8]
        calm = torch.sigmoid(self.calm_dense(h))  # [B, T, 1]
        kind = torch.softmax(self.kind_dense(h_n[-1]), dim=-1)  # [B, 4]
        return WatchOutputs(calm, kind)

    def begin(self, size: int) -> WatchState:
        """What there is before the first step."""
        weight = next(self.parameters())
        return WatchState(
            weight.new_zeros(size, 16), weight.new_zeros(size, 16), weight.new_zeros(size, 8)
        )

    def step(self, beats: Tensor, state: WatchState) -> tuple[Tensor, WatchState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        # [B, T, 16]; h_n and c_n [1, B, 16]
        x, (h_n, c_n) = self.h_lstm(beats, (state.h_lstm_h[None], state.h_lstm_c[None]))
        h, h_gru_h = self.h_gru(x, state.h_gru_h[None])  # [B, T, 8]; h_gru_h [1, B, 8]
        calm = torch.sigmoid(self.calm_dense(h))  # [B, T, 1]
        return calm, WatchState(h_n[-1], c_n[-1], h_gru_h[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.h_lstm)
        initialise_gru(self.h_gru)

        nn.init.xavier_uniform_(self.calm_dense.weight)
        nn.init.zeros_(self.calm_dense.bias)

        nn.init.xavier_uniform_(self.kind_dense.weight)
        nn.init.zeros_(self.kind_dense.bias)


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


def build_model() -> Watch:
    """The model with fresh weights."""
    return Watch()
