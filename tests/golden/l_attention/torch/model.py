"""Translate: Each word of a translation sees the whole source, and of the target what stands before
it.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, T, 2000] {
        notes = source -> embedding(32) -> bidirectional(gru(16, return=sequence))
        words = target -> embedding(32) -> gru(32, return=sequence)
        before = words -> attention(causal=true, use_scale=true)
        about = words -> additive_attention(value=notes)
        concat(before, about) -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec l_attention.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ScaledAttention(nn.Module):
    """The mean of values, weighed by the products of query and key times a factor."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(()))
        self.dropout = dropout

    def forward(self, query: Tensor, value: Tensor, key: Tensor, *, causal: bool = False) -> Tensor:
        return functional.scaled_dot_product_attention(
            self.scale * query,
            key,
            value,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=causal,
            scale=1.0,
        )


class AdditiveAttention(nn.Module):
    """The mean of values, weighed by a sum of tanh(query + key) with a factor for each feature."""

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, query: Tensor, value: Tensor, key: Tensor, *, causal: bool = False) -> Tensor:
        pairs = torch.tanh(query[:, :, None] + key[:, None])  # [B, T, S, D]
        scores = (self.scale * pairs).sum(-1)
        if causal:
            scores = scores - 1e9 * torch.ones_like(scores).triu(1)
        return self.dropout(scores.softmax(-1)) @ value


class Translate(nn.Module):
    """source [B, S], target [B, T] -> [B, T, 2000]"""

    def __init__(self) -> None:
        super().__init__()
        self.notes_embedding = nn.Embedding(1000, 32)
        self.notes_bidirectional = nn.GRU(32, 16, batch_first=True, bidirectional=True)
        self.words_embedding = nn.Embedding(2000, 32)
        self.words_gru = nn.GRU(32, 32, batch_first=True)
        self.before_attention = ScaledAttention()
        self.about_additive_attention = AdditiveAttention(32)
        self.dense = nn.Linear(64, 2000)
        self.reset_parameters()

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x = self.notes_embedding(source)  # [B, S, 32]
        notes, _ = self.notes_bidirectional(x)  # [B, S, 32]
        x = self.words_embedding(target)  # [B, T, 32]
        words, _ = self.words_gru(x)  # [B, T, 32]
        before = self.before_attention(words, words, words, causal=True)  # [B, T, 32]
        about = self.about_additive_attention(words, notes, notes)  # [B, T, 32]
        x = torch.cat([before, about], dim=-1)  # [B, T, 64]
        return self.dense(x)  # [B, T, 2000]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.notes_embedding.weight, -0.05, 0.05)
        initialise_gru(self.notes_bidirectional)
        nn.init.uniform_(self.words_embedding.weight, -0.05, 0.05)
        initialise_gru(self.words_gru)
        nn.init.ones_(self.before_attention.scale)

        nn.init.uniform_(
            self.about_additive_attention.scale, -0.30618621784789724, 0.30618621784789724
        )

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


def build_model() -> Translate:
    """The model with fresh weights."""
    return Translate()
