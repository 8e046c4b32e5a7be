"""Mood: Three words about the mood of a sentence, read by a recurrent layer from what the highway
makes of each word.

    model Highway(x: float[B, T, F]) -> float[B, T, F] {
        t = x -> dense(F, activation=sigmoid, bias_initializer=constant(-2))
        h = x -> dense(F, activation=relu)
        t * h + (1 - t) * x
    }

    model Mood(text: token(2000)[B, T]) -> float[B, 3] {
        text -> embedding(64) -> Highway -> Highway -> Highway -> gru(32) -> dense(3)
    }

Compiled by seqspec 0.1.0 from the spec l6_highway.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Highway(nn.Module):
    """Srivastava, Greff and Schmidhuber 2015. The gate begins almost shut, so that all but
    everything is carried on.

    x [B, T, 64] -> [B, T, 64]
    """

    def __init__(self) -> None:
        super().__init__()
        self.t_dense = nn.Linear(64, 64)
        self.h_dense = nn.Linear(64, 64)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.t_dense(x))  # [B, T, 64]
        h = torch.relu(self.h_dense(x))  # [B, T, 64]
        return t * h + (1 - t) * x  # [B, T, 64]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.t_dense.weight)
        nn.init.constant_(self.t_dense.bias, -2)

        nn.init.xavier_uniform_(self.h_dense.weight)
        nn.init.zeros_(self.h_dense.bias)


class Mood(nn.Module):
    """text [B, T] -> [B, 3]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(2000, 64)
        self.highway = Highway()
        self.highway_1 = Highway()
        self.highway_2 = Highway()
        self.gru = nn.GRU(64, 32, batch_first=True)
        self.dense = nn.Linear(32, 3)
        self.reset_parameters()

    def forward(self, text: Tensor) -> Tensor:
        x = self.embedding(text)  # [B, T, 64]
        x = self.highway(x)  # [B, T, 64]
        x = self.highway_1(x)  # [B, T, 64]
        x = self.highway_2(x)  # [B, T, 64]
        _, h_n = self.gru(x)  # h_n [1, B, 32]
        return self.dense(h_n[-1])  # [B, 3]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
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


def build_model() -> Mood:
    """The model with fresh weights."""
    return Mood()
