"""Gestures.

    model Gestures(motion: float[B, 50, 6]) -> float[B, 7] {
        seconds = motion
            -> conv_1d(32, 5, padding=same, activation=relu) -> max_pooling_1d
            -> conv_1d(48, 5, padding=same, activation=relu) -> max_pooling_1d
        seen = seconds -> dropout(0.3) -> multi_head_attention(4, 12)
        add(seconds, seen) -> layer_norm -> global_average_pooling_1d -> dropout(0.3) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec gestures.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class MultiHeadAttention(nn.Module):
    """Attention in several heads, each on projections of its own that are `key_dim` wide."""

    def __init__(
        self,
        query: int,
        value: int,
        key: int,
        *,
        heads: int,
        key_dim: int,
        value_dim: int | None = None,
        output: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        value_width = heads * (value_dim or key_dim)
        self.query = nn.Linear(query, heads * key_dim, bias=bias)
        self.key = nn.Linear(key, heads * key_dim, bias=bias)
        self.value = nn.Linear(value, value_width, bias=bias)
        self.output = nn.Linear(value_width, output or query, bias=bias)

    def forward(self, query: Tensor, value: Tensor, key: Tensor, *, causal: bool = False) -> Tensor:
        heads = functional.scaled_dot_product_attention(
            self.apart(self.query(query)),
            self.apart(self.key(key)),
            self.apart(self.value(value)),
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=causal,
        )
        return self.output(heads.transpose(1, 2).flatten(2))

    def apart(self, x: Tensor) -> Tensor:
        """[B, T, heads * width] -> [B, heads, T, width]"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Gestures(nn.Module):
    """motion [B, 50, 6] -> logits [B, 7]"""

    def __init__(self) -> None:
        super().__init__()
        self.seconds_conv_1d = nn.Conv1d(6, 32, 5, padding="same")
        self.seconds_conv_1d_1 = nn.Conv1d(32, 48, 5, padding="same")
        self.seen_dropout = nn.Dropout(0.3)
        self.seen_multi_head_attention = MultiHeadAttention(48, 48, 48, heads=4, key_dim=12)
        self.layer_norm = nn.LayerNorm(48, eps=0.001)
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(48, 7)
        self.reset_parameters()

    def forward(self, motion: Tensor) -> Tensor:
        x = torch.relu(self.seconds_conv_1d(motion.mT).mT)  # [B, 50, 32]
        x = functional.max_pool1d(x.mT, 2).mT  # [B, 25, 32]
        x = torch.relu(self.seconds_conv_1d_1(x.mT).mT)  # [B, 25, 48]
        seconds = functional.max_pool1d(x.mT, 2).mT  # [B, 12, 48]
        x = self.seen_dropout(seconds)  # [B, 12, 48]
        seen = self.seen_multi_head_attention(x, x, x)  # [B, 12, 48]
        x = seconds + seen  # [B, 12, 48]
        x = self.layer_norm(x)  # [B, 12, 48]
        x = x.mean(1)  # [B, 48]
        x = self.dropout(x)  # [B, 48]
        return self.dense(x)  # [B, 7]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.seconds_conv_1d.weight)
        nn.init.zeros_(self.seconds_conv_1d.bias)

        nn.init.xavier_uniform_(self.seconds_conv_1d_1.weight)
        nn.init.zeros_(self.seconds_conv_1d_1.bias)

        nn.init.uniform_(
            self.seen_multi_head_attention.query.weight, -0.08838834764831845, 0.08838834764831845
        )
        nn.init.zeros_(self.seen_multi_head_attention.query.bias)
        nn.init.uniform_(
            self.seen_multi_head_attention.key.weight, -0.08838834764831845, 0.08838834764831845
        )
        nn.init.zeros_(self.seen_multi_head_attention.key.bias)
        nn.init.uniform_(
            self.seen_multi_head_attention.value.weight, -0.08838834764831845, 0.08838834764831845
        )
        nn.init.zeros_(self.seen_multi_head_attention.value.bias)
        nn.init.uniform_(
            self.seen_multi_head_attention.output.weight, -0.15811388300841897, 0.15811388300841897
        )
        nn.init.zeros_(self.seen_multi_head_attention.output.bias)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Gestures:
    """The model with fresh weights."""
    return Gestures()
