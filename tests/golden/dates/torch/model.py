"""Dates.

    model Dates(source: token(51)[B, S], iso: token(12)[B, T]) -> float[B, T, 12] {
        encoder = source -> embedding(32) -> lstm(64)
        decoder = iso -> embedding(32) -> lstm(64, initial=encoder.state, return=sequence)
        decoder -> dense(12)
    }

Compiled by seqspec 0.1.0 from the spec dates.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class DatesState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    decoder_lstm_h: Tensor  # [B, 64]
    decoder_lstm_c: Tensor  # [B, 64]


class Dates(nn.Module):
    """source [B, S], iso [B, T] -> logits [B, T, 12]"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder_embedding = nn.Embedding(51, 32)
        self.encoder_lstm = nn.LSTM(32, 64, batch_first=True)
        self.decoder_embedding = nn.Embedding(12, 32)
        self.decoder_lstm = nn.LSTM(32, 64, batch_first=True)
        self.dense = nn.Linear(64, 12)
        self.reset_parameters()

    def forward(self, source: Tensor, iso: Tensor) -> Tensor:
        x = self.encoder_embedding(source)  # [B, S, 32]
        _, encoder_state = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        x = self.decoder_embedding(iso)  # [B, T, 32]
        decoder, _ = self.decoder_lstm(x, encoder_state)  # [B, T, 64]
        return self.dense(decoder)  # [B, T, 12]

    def begin(self, source: Tensor) -> DatesState:
        """What there is before the first step."""
        x = self.encoder_embedding(source)  # [B, S, 32]
        _, (h_n, c_n) = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        return DatesState(h_n[-1], c_n[-1])

    def step(self, iso: Tensor, state: DatesState) -> tuple[Tensor, DatesState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = self.decoder_embedding(iso)  # [B, T, 32]
        # [B, T, 64]; h_n and c_n [1, B, 64]
        decoder, (h_n, c_n) = self.decoder_lstm(
            x, (state.decoder_lstm_h[None], state.decoder_lstm_c[None])
        )
        x = self.dense(decoder)  # [B, T, 12]
        return x, DatesState(h_n[-1], c_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.encoder_embedding.weight, -0.05, 0.05)
        initialise_lstm(self.encoder_lstm)
        nn.init.uniform_(self.decoder_embedding.weight, -0.05, 0.05)
        initialise_lstm(self.decoder_lstm)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


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


def build_model() -> Dates:
    """The model with fresh weights."""
    return Dates()
