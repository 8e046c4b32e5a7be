"""Book.

    model Book(text: token(5000)[B, T]) -> float[B, T, 5000] {
        text -> embedding(64) -> gru(64, return=sequence, stateful=true) -> dense(5000)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class BookState(NamedTuple):
    """What Book carries from one batch to the next."""

    gru_h: Tensor  # [B, 64]


class Book(nn.Module):
    """text [B, T] -> logits [B, T, 5000]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5000, 64)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.dense = nn.Linear(64, 5000)
        self.reset_parameters()

    def forward(self, text: Tensor, state: BookState | None = None) -> tuple[Tensor, BookState]:
        if state is None:
            state = self.zero_state(len(text))
        x = self.embedding(text)  # [B, T, 64]
        x, h_n = self.gru(x, state.gru_h[None])  # [B, T, 64]; h_n [1, B, 64]
        x = self.dense(x)  # [B, T, 5000]
        return x, BookState(h_n[-1])

    def zero_state(self, lanes: int) -> BookState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return BookState(zeros(lanes, 64))

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


def build_model() -> Book:
    """The model with fresh weights."""
    return Book()
