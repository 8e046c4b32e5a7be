"""Vowels.

    model Vowels(vowel: float(pad=lengths)[B, T, 12]) -> float[B, 9] {
        vowel -> bidirectional(lstm(32)) -> dropout(0.3) -> dense(9)
    }

Compiled by seqspec 0.1.0 from the spec vowels.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class Vowels(nn.Module):
    """vowel [B, T, 12], vowel_lengths [B] -> logits [B, 9]"""

    def __init__(self) -> None:
        super().__init__()
        self.bidirectional = nn.LSTM(12, 32, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(64, 9)
        self.reset_parameters()

    def forward(self, vowel: Tensor, vowel_lengths: Tensor) -> Tensor:
        mask = torch.arange(vowel.shape[1], device=vowel.device) < vowel_lengths[:, None]  # [B, T]
        _, (h_n, _) = over_data(self.bidirectional, vowel, mask)  # h_n [2, B, 32]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 64], the last step
        x = self.dropout(x)  # [B, 64]
        return self.dense(x)  # [B, 9]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.bidirectional)

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


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Any, Any]:
    """A module over the data alone: its outputs, still packed, and its last state."""
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    return rnn(packed, state)


def build_model() -> Vowels:
    """The model with fresh weights."""
    return Vowels()
