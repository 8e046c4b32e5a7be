"""Stress.

    model Stress(sounds: token(41, pad=lengths)[B, T]) -> float[B, T, 4] {
        sounds -> embedding(16) -> bidirectional(lstm(48, return=sequence)) -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec stress.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Stress(nn.Module):
    """sounds [B, T], sounds_lengths [B] -> logits [B, T, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(41, 16)
        self.bidirectional = nn.LSTM(16, 48, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(96, 4)
        self.reset_parameters()

    def forward(self, sounds: Tensor, sounds_lengths: Tensor) -> Tensor:
        # [B, T]
        mask = torch.arange(sounds.shape[1], device=sounds.device) < sounds_lengths[:, None]
        x = self.embedding(sounds)  # [B, T, 16]
        x, _ = over_data(self.bidirectional, x, mask)  # [B, T, 96]
        return self.dense(x)  # [B, T, 4]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
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


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """A module over the data alone: its output at each step, and its last state.

    At padding it is zeros.
    """
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    packed, last = rnn(packed, state)
    steps, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return steps, last


def build_model() -> Stress:
    """The model with fresh weights."""
    return Stress()
