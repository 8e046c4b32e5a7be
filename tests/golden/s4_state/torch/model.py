"""Handover.

    encoder Read(past: float[B, S, 3]) -> (state: lstm(8)) {
        weight h: float[8] = zeros(), c: float[8] = zeros()
        seen = past -> lstm(8, initial=[h, c])
        state = seen.state
    }

    decoder Go(future: float[B, T, 2], start: lstm(8)) -> float[B, T, 8] {
        future -> lstm(8, initial=start, return=sequence)
    }

    model Handover(past: float[B, S, 3], place: float[B, 4], future: float[B, T, 2]) -> float[B, T,
        1] {
        weight back: float[6] = zeros()
        read = past -> Read
        bridge = place -> dense(6, activation=tanh)
        told = future -> bidirectional(gru(6, return=sequence), initial=[bridge, back])
        concat(future -> Go(start=read), told) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s4_state.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Read(nn.Module):
    """past [B, S, 3] -> state (h [B, 8], c [B, 8])"""

    def __init__(self) -> None:
        super().__init__()
        self.h = nn.Parameter(torch.empty(8))
        self.c = nn.Parameter(torch.empty(8))
        self.seen_lstm = nn.LSTM(3, 8, batch_first=True)
        self.reset_parameters()

    def forward(self, past: Tensor) -> tuple[Tensor, Tensor]:
        # h_n and c_n [1, B, 8]
        _, (h_n, c_n) = self.seen_lstm(
            past, (self.h.repeat(len(past), 1)[None], self.c.repeat(len(past), 1)[None])
        )
        return (h_n[-1], c_n[-1])  # h [B, 8], c [B, 8]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.zeros_(self.h)
        nn.init.zeros_(self.c)
        initialise_lstm(self.seen_lstm)


class Go(nn.Module):
    """future [B, T, 2], start (h [B, 8], c [B, 8]) -> [B, T, 8]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True)
        self.reset_parameters()

    def forward(self, future: Tensor, start_h: Tensor, start_c: Tensor) -> Tensor:
        x, _ = self.lstm(future, (start_h[None], start_c[None]))  # [B, T, 8]
        return x

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)


class Handover(nn.Module):
    """past [B, S, 3], place [B, 4], future [B, T, 2] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.back = nn.Parameter(torch.empty(6))
        self.read = Read()
        self.bridge_dense = nn.Linear(4, 6)
        self.told_bidirectional = nn.GRU(2, 6, batch_first=True, bidirectional=True)
        self.go = Go()
        self.dense = nn.Linear(20, 1)
        self.reset_parameters()

    def forward(self, past: Tensor, place: Tensor, future: Tensor) -> Tensor:
        from_read = self.read(past)  # state h [B, 8], c [B, 8]
        bridge = torch.tanh(self.bridge_dense(place))  # [B, 6]
        # [B, T, 12]
        told, _ = self.told_bidirectional(
            future, torch.stack([bridge, self.back.repeat(len(future), 1)])
        )
        x = self.go(future, from_read[0], from_read[1])  # [B, T, 8]
        x = torch.cat([x, told], dim=-1)  # [B, T, 20]
        return self.dense(x)  # [B, T, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.zeros_(self.back)

        nn.init.xavier_uniform_(self.bridge_dense.weight)
        nn.init.zeros_(self.bridge_dense.bias)

        initialise_gru(self.told_bidirectional)

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
