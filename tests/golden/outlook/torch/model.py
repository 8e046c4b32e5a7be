"""Outlook.

    model Outlook(hours: float[B, 24, 6], calendar: float[B, 3, 2])
        -> (warmth: float[B, 3], wet: float[B, 3])
    {
        past = hours -> gru(32)
        known = concat(past, calendar -> flatten) -> dense(32, activation=relu)
        warmth = known -> dense(3)
        wet = known -> dense(3, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec outlook.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class OutlookOutputs(NamedTuple):
    warmth: Tensor  # [B, 3]
    wet: Tensor  # [B, 3]


class Outlook(nn.Module):
    """hours [B, 24, 6], calendar [B, 3, 2] -> warmth [B, 3], wet [B, 3]"""

    def __init__(self) -> None:
        super().__init__()
        self.past_gru = nn.GRU(6, 32, batch_first=True)
        self.known_dense = nn.Linear(38, 32)
        self.warmth_dense = nn.Linear(32, 3)
        self.wet_dense = nn.Linear(32, 3)
        self.reset_parameters()

    def forward(self, hours: Tensor, calendar: Tensor) -> OutlookOutputs:
        outputs = self.logits(hours, calendar)
        return outputs._replace(wet=torch.sigmoid(outputs.wet))

    def logits(self, hours: Tensor, calendar: Tensor) -> OutlookOutputs:
        """The same before the last activation: what the loss is exact with."""
        _, h_n = self.past_gru(hours)  # h_n [1, B, 32]
        past = h_n[-1]  # [B, 32], the last step
        x = calendar.flatten(1)  # [B, 6]
        x = torch.cat([past, x], dim=-1)  # [B, 38]
        known = torch.relu(self.known_dense(x))  # [B, 32]
        warmth = self.warmth_dense(known)  # [B, 3]
        wet = self.wet_dense(known)  # [B, 3]
        return OutlookOutputs(warmth, wet)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.past_gru)

        nn.init.xavier_uniform_(self.known_dense.weight)
        nn.init.zeros_(self.known_dense.bias)

        nn.init.xavier_uniform_(self.warmth_dense.weight)
        nn.init.zeros_(self.warmth_dense.bias)

        nn.init.xavier_uniform_(self.wet_dense.weight)
        nn.init.zeros_(self.wet_dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Outlook:
    """The model with fresh weights."""
    return Outlook()
