"""Listen.

    model Listen(sound: float[B, T, 4]) -> float[B, T, 3] {
        near = sound -> conv_1d(8, 3, padding=causal, activation=relu)
        far = near -> conv_1d(8, 3, padding=causal, dilation_rate=4, activation=relu)
        near + far -> gru(8, return=sequence) -> dense(3, activation=softmax)
    }

Compiled by seqspec 0.1.0 from the spec s7_window.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class ListenState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    near_conv_1d_past: Tensor  # [B, 2, 4]
    far_conv_1d_past: Tensor  # [B, 8, 8]
    gru_h: Tensor  # [B, 8]


class Listen(nn.Module):
    """sound [B, T, 4] -> [B, T, 3]"""

    def __init__(self) -> None:
        super().__init__()
        self.near_conv_1d = nn.Conv1d(4, 8, 3)
        self.far_conv_1d = nn.Conv1d(8, 8, 3, dilation=4)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.dense = nn.Linear(8, 3)
        self.reset_parameters()

    def forward(self, sound: Tensor) -> Tensor:
        near = torch.relu(self.near_conv_1d(functional.pad(sound.mT, (2, 0))).mT)  # [B, T, 8]
        far = torch.relu(self.far_conv_1d(functional.pad(near.mT, (8, 0))).mT)  # [B, T, 8]
        x = near + far  # [B, T, 8]
        x, _ = self.gru(x)  # [B, T, 8]
        return torch.softmax(self.dense(x), dim=-1)  # [B, T, 3]

    def begin(self, size: int) -> ListenState:
        """What there is before the first step."""
        weight = next(self.parameters())
        return ListenState(
            weight.new_zeros(size, 2, 4), weight.new_zeros(size, 8, 8), weight.new_zeros(size, 8)
        )

    def step(self, sound: Tensor, state: ListenState) -> tuple[Tensor, ListenState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        near_conv_1d_window = torch.cat([state.near_conv_1d_past, sound], dim=1)  # [B, T+2, 4]
        # [B, T+2, 8]
        x = torch.relu(self.near_conv_1d(functional.pad(near_conv_1d_window.mT, (2, 0))).mT)
        near = x[:, 2:]  # [B, T, 8]
        near_conv_1d_past = near_conv_1d_window[:, -2:]  # [B, 2, 4]
        far_conv_1d_window = torch.cat([state.far_conv_1d_past, near], dim=1)  # [B, T+8, 8]
        # [B, T+8, 8]
        x = torch.relu(self.far_conv_1d(functional.pad(far_conv_1d_window.mT, (8, 0))).mT)
        far = x[:, 8:]  # [B, T, 8]
        far_conv_1d_past = far_conv_1d_window[:, -8:]  # [B, 8, 8]
        x = near + far  # [B, T, 8]
        x, h_n = self.gru(x, state.gru_h[None])  # [B, T, 8]; h_n [1, B, 8]
        x = torch.softmax(self.dense(x), dim=-1)  # [B, T, 3]
        return x, ListenState(near_conv_1d_past, far_conv_1d_past, h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.near_conv_1d.weight)
        nn.init.zeros_(self.near_conv_1d.bias)

        nn.init.xavier_uniform_(self.far_conv_1d.weight)
        nn.init.zeros_(self.far_conv_1d.bias)

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


def build_model() -> Listen:
    """The model with fresh weights."""
    return Listen()
