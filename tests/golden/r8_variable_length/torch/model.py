"""Pulse.

    model Pulse(beats: float[B, T, 3]) -> float[B, 5] {
        beats -> bidirectional(gru(16)) -> dense(5, activation=softmax)
    }

Compiled from r8_variable_length.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to
edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Pulse(nn.Module):
    """beats [B, T, 3] -> [B, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.bidirectional = nn.GRU(3, 16, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(32, 5)
        self.reset_parameters()

    def forward(self, beats: Tensor) -> Tensor:
        _, h_n = self.bidirectional(beats)  # h_n [2, B, 16]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 32], the last step
        return torch.softmax(self.dense(x), dim=-1)  # [B, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        bidirectional = dict(self.bidirectional.named_parameters())
        nn.init.xavier_uniform_(bidirectional["weight_ih_l0"])
        nn.init.orthogonal_(bidirectional["weight_hh_l0"])
        nn.init.zeros_(bidirectional["bias_ih_l0"])
        nn.init.zeros_(bidirectional["bias_hh_l0"])
        nn.init.xavier_uniform_(bidirectional["weight_ih_l0_reverse"])
        nn.init.orthogonal_(bidirectional["weight_hh_l0_reverse"])
        nn.init.zeros_(bidirectional["bias_ih_l0_reverse"])
        nn.init.zeros_(bidirectional["bias_hh_l0_reverse"])

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Pulse:
    """The model with fresh weights."""
    return Pulse()
