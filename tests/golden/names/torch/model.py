"""Names.

    model Names(name: token(letters, pad=lengths)[B, T]) -> float[B, 11] {
        name -> embedding(24) -> bidirectional(gru(64)) -> dropout(0.3) -> dense(11)
    }

Compiled by seqspec 0.1.0 from the spec names.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class Names(nn.Module):
    """name [B, T], name_lengths [B] -> logits [B, 11]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(70, 24)
        self.bidirectional = nn.GRU(24, 64, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(128, 11)
        self.reset_parameters()

    def forward(self, name: Tensor, name_lengths: Tensor) -> Tensor:
        mask = torch.arange(name.shape[1], device=name.device) < name_lengths[:, None]  # [B, T]
        x = self.embedding(name)  # [B, T, 24]
        _, h_n = over_data(self.bidirectional, x, mask)  # h_n [2, B, 64]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 128], the last step
        x = self.dropout(x)  # [B, 128]
        return self.dense(x)  # [B, 11]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        initialise_gru(self.bidirectional)

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


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Any, Any]:
    """A module over the data alone: its outputs, still packed, and its last state."""
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    return rnn(packed, state)


def build_model() -> Names:
    """The model with fresh weights."""
    return Names()
