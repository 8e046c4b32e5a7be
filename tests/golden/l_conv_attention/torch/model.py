"""Signal.

    model Block(x: float[B, T, width], heads) -> float[B, T, width] {
        h = add(x, x -> layer_norm -> multi_head_attention(heads, 8, dropout=0.1))
        wide = h -> layer_norm -> dense(2 * width, activation=gelu) -> dense(width)
        add(h, wide)
    }

    model Signal(x: float[B, T, 3]) -> float[B, 5] {
        x -> conv_1d(width, 7, strides=4, padding=same, activation=relu)
            -> conv_1d(width, 3, strides=2, padding=same, activation=relu)
            -> Block(heads=4) -> Block(heads=4)
            -> global_average_pooling_1d -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec l_conv_attention.seq, quoted above.
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


class Block(nn.Module):
    """x [B, ceil(T/8), 32] -> [B, ceil(T/8), 32]"""

    def __init__(self) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(32, eps=0.001)
        self.multi_head_attention = MultiHeadAttention(32, 32, 32, heads=4, key_dim=8, dropout=0.1)
        self.wide_layer_norm = nn.LayerNorm(32, eps=0.001)
        self.wide_dense = nn.Linear(32, 64)
        self.wide_dense_1 = nn.Linear(64, 32)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        layer_norm_out = self.layer_norm(x)  # [B, ceil(T/8), 32]
        # [B, ceil(T/8), 32]
        multi_head_attention_out = self.multi_head_attention(
            layer_norm_out, layer_norm_out, layer_norm_out
        )
        h = x + multi_head_attention_out  # [B, ceil(T/8), 32]
        x = self.wide_layer_norm(h)  # [B, ceil(T/8), 32]
        x = functional.gelu(self.wide_dense(x))  # [B, ceil(T/8), 64]
        wide = self.wide_dense_1(x)  # [B, ceil(T/8), 32]
        return h + wide  # [B, ceil(T/8), 32]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_multi_head_attention(self.multi_head_attention)
        initialise_linear(self.wide_dense)
        initialise_linear(self.wide_dense_1)


class Signal(nn.Module):
    """x [B, T, 3] -> [B, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1d = nn.Conv1d(3, 32, 7, stride=4)
        self.conv_1d_1 = nn.Conv1d(32, 32, 3, stride=2)
        self.block = Block()
        self.block_1 = Block()
        self.dense = nn.Linear(32, 5)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv_1d(pad_same(x.mT, 7, 4)).mT)  # [B, ceil(T/4), 32]
        x = torch.relu(self.conv_1d_1(pad_same(x.mT, 3, 2)).mT)  # [B, ceil(T/8), 32]
        x = self.block(x)  # [B, ceil(T/8), 32]
        x = self.block_1(x)  # [B, ceil(T/8), 32]
        x = x.mean(1)  # [B, 32]
        return self.dense(x)  # [B, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.conv_1d.weight)
        nn.init.zeros_(self.conv_1d.bias)

        nn.init.xavier_uniform_(self.conv_1d_1.weight)
        nn.init.zeros_(self.conv_1d_1.bias)

        initialise_linear(self.dense)


def initialise_multi_head_attention(multi_head_attention: MultiHeadAttention) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    nn.init.uniform_(multi_head_attention.query.weight, -0.125, 0.125)
    nn.init.zeros_(multi_head_attention.query.bias)
    nn.init.uniform_(multi_head_attention.key.weight, -0.125, 0.125)
    nn.init.zeros_(multi_head_attention.key.bias)
    nn.init.uniform_(multi_head_attention.value.weight, -0.125, 0.125)
    nn.init.zeros_(multi_head_attention.value.bias)
    nn.init.uniform_(multi_head_attention.output.weight, -0.19364916731037085, 0.19364916731037085)
    nn.init.zeros_(multi_head_attention.output.bias)


def initialise_linear(linear: nn.Linear) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)


def pad_same(x: Tensor, window: int, stride: int, value: float = 0.0) -> Tensor:
    """[B, F, T] with steps at both ends, so that windows begin at each stride-th step."""
    steps = x.shape[-1]
    missing = max((-(-steps // stride) - 1) * stride + window - steps, 0)
    return functional.pad(x, (missing // 2, missing - missing // 2), value=value)


def build_model() -> Signal:
    """The model with fresh weights."""
    return Signal()
