"""Docstrings.

    model Docstrings(text: token(words, pad=lengths)[B, T]) -> float[B, 7] {
        text -> embedding(32) -> dropout(0.5) -> lstm(32) -> dropout(0.5) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec docstrings.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class Docstrings(nn.Module):
    """text [B, T], text_lengths [B] -> logits [B, 7]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1500, 32)
        self.dropout = nn.Dropout(0.5)
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.dropout_1 = nn.Dropout(0.5)
        self.dense = nn.Linear(32, 7)
        self.reset_parameters()

    def forward(self, text: Tensor, text_lengths: Tensor) -> Tensor:
        mask = torch.arange(text.shape[1], device=text.device) < text_lengths[:, None]  # [B, T]
        x = self.embedding(text)  # [B, T, 32]
        x = self.dropout(x)  # [B, T, 32]
        _, (h_n, _) = over_data(self.lstm, x, mask)  # h_n [1, B, 32]
        x = self.dropout_1(h_n[-1])  # [B, 32]
        return self.dense(x)  # [B, 7]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
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


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Any, Any]:
    """A module over the data alone: its outputs, still packed, and its last state."""
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    return rnn(packed, state)


def build_model() -> Docstrings:
    """The model with fresh weights."""
    return Docstrings()
