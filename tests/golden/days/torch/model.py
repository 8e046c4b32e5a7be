"""Days.

    model Days(written: token(60, pad=lengths)[B, S], iso: token(16, pad=lengths)[B, T]) -> float[B,
        T, 16] {
        notes = written -> embedding(32) -> bidirectional(gru(48, return=sequence))
        start = concat(notes.forward.state.h, notes.backward.state.h) -> dense(64, activation=tanh)
        said = iso -> embedding(16) -> gru(64, initial=[start], return=sequence)
        facts = notes -> dense(64)
        found = said -> attention(facts)
        concat(said, found) -> dense(64, activation=tanh) -> dense(16)
    }

Compiled by seqspec 0.1.0 from the spec days.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class DaysMemory(NamedTuple):
    """What the steps need of the other inputs, computed once."""

    facts: Tensor  # [B, S, 64]
    facts_mask: Tensor  # [B, S]


class DaysState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    said_gru_h: Tensor  # [B, 64]


class Days(nn.Module):
    """written [B, S], written_lengths [B], iso [B, T], iso_lengths [B] -> logits [B, T, 16]"""

    def __init__(self) -> None:
        super().__init__()
        self.notes_embedding = nn.Embedding(60, 32)
        self.notes_bidirectional = nn.GRU(32, 48, batch_first=True, bidirectional=True)
        self.start_dense = nn.Linear(96, 64)
        self.said_embedding = nn.Embedding(16, 16)
        self.said_gru = nn.GRU(16, 64, batch_first=True)
        self.facts_dense = nn.Linear(96, 64)
        self.dense = nn.Linear(128, 64)
        self.dense_1 = nn.Linear(64, 16)
        self.reset_parameters()

    def forward(
        self, written: Tensor, written_lengths: Tensor, iso: Tensor, iso_lengths: Tensor
    ) -> Tensor:
        # [B, S]
        written_mask = (
            torch.arange(written.shape[1], device=written.device) < written_lengths[:, None]
        )
        iso_mask = torch.arange(iso.shape[1], device=iso.device) < iso_lengths[:, None]  # [B, T]
        x = self.notes_embedding(written)  # [B, S, 32]
        # [B, S, 96]; h_n [2, B, 48]
        notes, h_n = over_data(self.notes_bidirectional, x, written_mask)
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 96]
        start = torch.tanh(self.start_dense(x))  # [B, 64]
        x = self.said_embedding(iso)  # [B, T, 16]
        said, _ = over_data(self.said_gru, x, iso_mask, start[None])  # [B, T, 64]
        facts = self.facts_dense(notes)  # [B, S, 64]
        # [B, T, 64]
        found = functional.scaled_dot_product_attention(
            said, facts, facts, attn_mask=unseen(said, written_mask), scale=1.0
        ).masked_fill(~iso_mask[..., None], 0.0)
        x = torch.cat([said, found], dim=-1)  # [B, T, 128]
        x = torch.tanh(self.dense(x))  # [B, T, 64]
        return self.dense_1(x)  # [B, T, 16]

    def begin(self, written: Tensor, written_lengths: Tensor) -> tuple[DaysMemory, DaysState]:
        """What there is before the first step."""
        # [B, S]
        mask = torch.arange(written.shape[1], device=written.device) < written_lengths[:, None]
        x = self.notes_embedding(written)  # [B, S, 32]
        notes, h_n = over_data(self.notes_bidirectional, x, mask)  # [B, S, 96]; h_n [2, B, 48]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 96]
        start = torch.tanh(self.start_dense(x))  # [B, 64]
        facts = self.facts_dense(notes)  # [B, S, 64]
        return DaysMemory(facts, mask), DaysState(start)

    def step(self, iso: Tensor, memory: DaysMemory, state: DaysState) -> tuple[Tensor, DaysState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = self.said_embedding(iso)  # [B, T, 16]
        said, h_n = self.said_gru(x, state.said_gru_h[None])  # [B, T, 64]; h_n [1, B, 64]
        # [B, T, 64]
        found = functional.scaled_dot_product_attention(
            said, memory.facts, memory.facts, attn_mask=unseen(said, memory.facts_mask), scale=1.0
        )
        x = torch.cat([said, found], dim=-1)  # [B, T, 128]
        x = torch.tanh(self.dense(x))  # [B, T, 64]
        x = self.dense_1(x)  # [B, T, 16]
        return x, DaysState(h_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.notes_embedding.weight, -0.05, 0.05)
        initialise_gru(self.notes_bidirectional)

        nn.init.xavier_uniform_(self.start_dense.weight)
        nn.init.zeros_(self.start_dense.bias)

        nn.init.uniform_(self.said_embedding.weight, -0.05, 0.05)
        initialise_gru(self.said_gru)

        nn.init.xavier_uniform_(self.facts_dense.weight)
        nn.init.zeros_(self.facts_dense.bias)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

        nn.init.xavier_uniform_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def unseen(query: Tensor, mask: Tensor, *, causal: bool = False) -> Tensor:
    """What is added to the scores [B, T, S] where padding is, or what is later if causal."""
    seen = mask[:, None].expand(-1, query.shape[1], -1)
    if causal:
        seen = seen.tril()
    return -1e9 * (~seen).to(query.dtype)


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """A module over the data alone: its output at each step, and its last state.

    At padding the output before it stands again, as in Keras; of both directions, zeros.
    """
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    packed, last = rnn(packed, state)
    steps, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    if rnn.bidirectional:
        return steps, last
    place = mask.cumsum(1) - 1  # of each step among the data; padding has that of the step before
    steps = steps.gather(1, place.clamp(min=0)[..., None].expand(-1, -1, steps.shape[-1]))
    return steps, last


def build_model() -> Days:
    """The model with fresh weights."""
    return Days()
