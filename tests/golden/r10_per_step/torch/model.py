"""Tagger.

    model Head(step: float[B, 24]) -> float[B, 7] {
        step -> dense(32, activation=relu) -> dropout(0.2) -> dense(7)
    }

    model Tagger(words: token(500)[B, T]) -> float[B, T, 7] {
        words -> embedding(16) -> lstm(24, return=sequence) -> each(Head) -> softmax
    }

Compiled by seqspec 0.1.0 from the spec r10_per_step.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Head(nn.Module):
    """step [B, T, 24] -> [B, T, 7]"""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(24, 32)
        self.dropout = nn.Dropout(0.2)
        self.dense_1 = nn.Linear(32, 7)
        self.reset_parameters()

    def forward(self, step: Tensor) -> Tensor:
        x = torch.relu(self.dense(step))  # [B, T, 32]
        x = self.dropout(x)  # [B, T, 32]
        return self.dense_1(x)  # [B, T, 7]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

        nn.init.xavier_uniform_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)


class Tagger(nn.Module):
    """words [B, T] -> [B, T, 7]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 16)
        self.lstm = nn.LSTM(16, 24, batch_first=True)
        self.head = Head()
        self.reset_parameters()

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words)  # [B, T, 16]
        x, _ = self.lstm(x)  # [B, T, 24]
        x = self.head(x)  # [B, T, 7]
        return torch.softmax(x, dim=-1)  # [B, T, 7]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        initialise_lstm(self.lstm)


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


def build_model() -> Tagger:
    """The model with fresh weights."""
    return Tagger()
