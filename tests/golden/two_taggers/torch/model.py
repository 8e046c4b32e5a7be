"""Tagger.

    model Tagger(text: token(words, pad=lengths)[B, T]) -> (pos: float[B, T, 45], chunk: float[B, T,
        23]) {
        h = text -> embedding(64) -> bidirectional(lstm(64, return=sequence))
        pos = h -> dense(45)
        chunk = concat(h, pos) -> dense(23)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TaggerOutputs(NamedTuple):
    pos: Tensor  # [B, T, 45]
    chunk: Tensor  # [B, T, 23]


class Tagger(nn.Module):
    """text [B, T], text_lengths [B] -> pos [B, T, 45], chunk [B, T, 23]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_embedding = nn.Embedding(5000, 64)
        self.h_bidirectional = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        self.pos_dense = nn.Linear(128, 45)
        self.chunk_dense = nn.Linear(173, 23)
        self.reset_parameters()

    def forward(self, text: Tensor, text_lengths: Tensor) -> TaggerOutputs:
        mask = torch.arange(text.shape[1], device=text.device) < text_lengths[:, None]  # [B, T]
        x = self.h_embedding(text)  # [B, T, 64]
        h, _ = over_data(self.h_bidirectional, x, mask)  # [B, T, 128]
        pos = self.pos_dense(h)  # [B, T, 45]
        x = torch.cat([h, pos], dim=-1)  # [B, T, 173]
        chunk = self.chunk_dense(x)  # [B, T, 23]
        return TaggerOutputs(pos, chunk)

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.h_embedding.weight, -0.05, 0.05)
        initialise_lstm(self.h_bidirectional)

        nn.init.xavier_uniform_(self.pos_dense.weight)
        nn.init.zeros_(self.pos_dense.bias)

        nn.init.xavier_uniform_(self.chunk_dense.weight)
        nn.init.zeros_(self.chunk_dense.bias)


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


def build_model() -> Tagger:
    """The model with fresh weights."""
    return Tagger()
