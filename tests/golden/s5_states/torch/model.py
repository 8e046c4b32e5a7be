"""Handover.

    model Handover(past: float[B, S, 3], future: float[B, T, 2]) -> float[B, T, 1] {
        seen = past -> bidirectional(lstm(8))
        told = future -> bidirectional(lstm(8, return=sequence), initial=seen.state)
        first = past -> gru(16)
        second = future -> gru(16, initial=first.state, return=sequence)
        concat(told, second) -> dense(1)
    }

Compiled from s5_states.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Handover(nn.Module):
    """past [B, S, 3], future [B, T, 2] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.seen_bidirectional = nn.LSTM(3, 8, batch_first=True, bidirectional=True)
        self.told_bidirectional = nn.LSTM(2, 8, batch_first=True, bidirectional=True)
        self.first_gru = nn.GRU(3, 16, batch_first=True)
        self.second_gru = nn.GRU(2, 16, batch_first=True)
        self.dense = nn.Linear(32, 1)
        self.reset_parameters()

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        _, seen_state = self.seen_bidirectional(past)  # h_n and c_n [2, B, 8]
        told, _ = self.told_bidirectional(future, seen_state)  # [B, T, 16]
        _, first_state = self.first_gru(past)  # first_state [1, B, 16]
        second, _ = self.second_gru(future, first_state)  # [B, T, 16]
        x = torch.cat([told, second], dim=-1)  # [B, T, 32]
        return self.dense(x)  # [B, T, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.seen_bidirectional)
        initialise_lstm(self.told_bidirectional)

        first_gru = dict(self.first_gru.named_parameters())
        nn.init.xavier_uniform_(first_gru["weight_ih_l0"])
        nn.init.orthogonal_(first_gru["weight_hh_l0"])
        nn.init.zeros_(first_gru["bias_ih_l0"])
        nn.init.zeros_(first_gru["bias_hh_l0"])

        second_gru = dict(self.second_gru.named_parameters())
        nn.init.xavier_uniform_(second_gru["weight_ih_l0"])
        nn.init.orthogonal_(second_gru["weight_hh_l0"])
        nn.init.zeros_(second_gru["bias_ih_l0"])
        nn.init.zeros_(second_gru["bias_hh_l0"])

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_lstm(lstm: nn.LSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two
    nn.init.xavier_uniform_(weights["weight_ih_l0_reverse"])
    nn.init.orthogonal_(weights["weight_hh_l0_reverse"])
    nn.init.zeros_(weights["bias_ih_l0_reverse"])
    nn.init.ones_(weights["bias_ih_l0_reverse"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0_reverse"]).requires_grad_(False)


def build_model() -> Handover:
    """The model with fresh weights."""
    return Handover()
