"""Caption: L3: each word sees the words around it and the picture's places; padding is seen by
none.

    model Caption(words: token(2000, pad=0)[B, T], places: float(pad=lengths)[B, S, 16]) -> float[B,
        T, 2000] {
        h = words -> embedding(16)
        a = add(h, h -> multi_head_attention(2, 8, causal=true)) -> layer_norm
        a -> attention(places) -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec l3_attention.seq, quoted above.
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

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor,
        *,
        causal: bool = False,
        seen: Tensor | None = None,
    ) -> Tensor:
        """Which steps of the value each step of the query may see: ``seen`` [B, T or 1, S or 1]."""
        dropped = self.dropout if self.training else 0.0
        q = self.apart(self.query(query))
        k = self.apart(self.key(key))
        v = self.apart(self.value(value))
        if seen is None:
            heads = functional.scaled_dot_product_attention(
                q, k, v, dropout_p=dropped, is_causal=causal
            )
        else:
            seen = seen.expand(-1, query.shape[1], value.shape[1])[:, None]  # [B, 1, T, S]
            seen = seen.tril() if causal else seen
            # As in Keras, what may see nothing has the mean of all values, or zeros with a dropout.
            some = seen.any(-1, keepdim=True)
            heads = functional.scaled_dot_product_attention(
                q * some, k, v, attn_mask=seen | ~some, dropout_p=dropped
            )
            if self.dropout:
                heads = heads * some
        return self.output(heads.transpose(1, 2).flatten(2))

    def apart(self, x: Tensor) -> Tensor:
        """[B, T, heads * width] -> [B, heads, T, width]"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Caption(nn.Module):
    """words [B, T], places [B, S, 16], places_lengths [B] -> [B, T, 2000]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_embedding = nn.Embedding(2000, 16)
        self.multi_head_attention = MultiHeadAttention(16, 16, 16, heads=2, key_dim=8)
        self.a_layer_norm = nn.LayerNorm(16, eps=0.001)
        self.dense = nn.Linear(16, 2000)
        self.reset_parameters()

    def forward(self, words: Tensor, places: Tensor, places_lengths: Tensor) -> Tensor:
        words_mask = words != 0  # [B, T]
        # [B, S]
        places_mask = torch.arange(places.shape[1], device=places.device) < places_lengths[:, None]
        h = self.h_embedding(words)  # [B, T, 16]
        # [B, T, 16]
        x = self.multi_head_attention(
            h, h, h, causal=True, seen=words_mask[:, :, None] & words_mask[:, None]
        )
        x = h + x  # [B, T, 16]
        a = self.a_layer_norm(x)  # [B, T, 16]
        # [B, T, 16]
        x = functional.scaled_dot_product_attention(
            a, places, places, attn_mask=unseen(a, places_mask), scale=1.0
        ).masked_fill(~words_mask[..., None], 0.0)
        return self.dense(x)  # [B, T, 2000]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.h_embedding.weight, -0.05, 0.05)

        nn.init.uniform_(
            self.multi_head_attention.query.weight, -0.19364916731037085, 0.19364916731037085
        )
        nn.init.zeros_(self.multi_head_attention.query.bias)
        nn.init.uniform_(
            self.multi_head_attention.key.weight, -0.19364916731037085, 0.19364916731037085
        )
        nn.init.zeros_(self.multi_head_attention.key.bias)
        nn.init.uniform_(
            self.multi_head_attention.value.weight, -0.19364916731037085, 0.19364916731037085
        )
        nn.init.zeros_(self.multi_head_attention.value.bias)
        nn.init.uniform_(
            self.multi_head_attention.output.weight, -0.3535533905932738, 0.3535533905932738
        )
        nn.init.zeros_(self.multi_head_attention.output.bias)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def unseen(query: Tensor, mask: Tensor, *, causal: bool = False) -> Tensor:
    """What is added to the scores [B, T, S] where padding is, or what is later if causal."""
    seen = mask[:, None].expand(-1, query.shape[1], -1)
    if causal:
        seen = seen.tril()
    return -1e9 * (~seen).to(query.dtype)


def build_model() -> Caption:
    """The model with fresh weights."""
    return Caption()
