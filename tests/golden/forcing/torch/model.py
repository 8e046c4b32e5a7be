"""Dates.

    model Dates(source: token(51)[B, S], iso: token(12)[B, T]) -> float[B, T, 12] {
        notes = source -> embedding(16) -> gru(16, return=sequence)
        said = iso -> embedding(8) -> gru(16, initial=notes.state, return=sequence)
        said -> attention(notes) -> dropout(0.1) -> dense(12)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional


class DatesMemory(NamedTuple):
    """What the steps need of the other inputs, computed once."""

    notes: Tensor  # [B, S, 16]


class DatesState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    said_gru_h: Tensor  # [B, 16]


class Dates(nn.Module):
    """source [B, S], iso [B, T] -> logits [B, T, 12]"""

    def __init__(self) -> None:
        super().__init__()
        self.notes_embedding = nn.Embedding(51, 16)
        self.notes_gru = nn.GRU(16, 16, batch_first=True)
        self.said_embedding = nn.Embedding(12, 8)
        self.said_gru = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.dense = nn.Linear(16, 12)
        self.reset_parameters()

    def forward(self, source: Tensor, iso: Tensor) -> Tensor:
        x = self.notes_embedding(source)  # [B, S, 16]
        notes, notes_state = self.notes_gru(x)  # [B, S, 16]; h_n [1, B, 16]
        x = self.said_embedding(iso)  # [B, T, 8]
        said, _ = self.said_gru(x, notes_state)  # [B, T, 16]
        x = functional.scaled_dot_product_attention(said, notes, notes, scale=1.0)  # [B, T, 16]
        x = self.dropout(x)  # [B, T, 16]
        return self.dense(x)  # [B, T, 12]

    def begin(self, source: Tensor) -> tuple[DatesMemory, DatesState]:
        """What there is before the first step."""
        x = self.notes_embedding(source)  # [B, S, 16]
        notes, h_n = self.notes_gru(x)  # [B, S, 16]; h_n [1, B, 16]
        return DatesMemory(notes), DatesState(h_n[-1])

    def step(
        self, iso: Tensor, memory: DatesMemory, state: DatesState
    ) -> tuple[Tensor, DatesState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = self.said_embedding(iso)  # [B, T, 8]
        said, h_n = self.said_gru(x, state.said_gru_h[None])  # [B, T, 16]; h_n [1, B, 16]
        # [B, T, 16]
        x = functional.scaled_dot_product_attention(said, memory.notes, memory.notes, scale=1.0)
        x = self.dropout(x)  # [B, T, 16]
        x = self.dense(x)  # [B, T, 12]
        return x, DatesState(h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.notes_embedding.weight, -0.05, 0.05)
        initialise_gru(self.notes_gru)
        nn.init.uniform_(self.said_embedding.weight, -0.05, 0.05)
        initialise_gru(self.said_gru)

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


def build_model() -> Dates:
    """The model with fresh weights."""
    return Dates()
