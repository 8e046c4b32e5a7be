"""Translate.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, T, 2000] {
        encoder = source -> embedding(64) -> lstm(64)
        target
            -> embedding(64)
            -> lstm(64, initial=encoder.state, return=sequence)
            -> dense(2000)
    }

Compiled by seqspec 0.1.0 from the spec s6_encoder_decoder.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class TranslateState(NamedTuple):
    """What recurrent layers carry from one step to the next."""

    lstm_h: Tensor  # [B, 64]
    lstm_c: Tensor  # [B, 64]


class Translate(nn.Module):
    """source [B, S], target [B, T] -> [B, T, 2000]"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder_embedding = nn.Embedding(1000, 64)
        self.encoder_lstm = nn.LSTM(64, 64, batch_first=True)
        self.embedding = nn.Embedding(2000, 64)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.dense = nn.Linear(64, 2000)
        self.reset_parameters()

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x = self.encoder_embedding(source)  # [B, S, 64]
        _, encoder_state = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        x = self.embedding(target)  # [B, T, 64]
        x, _ = self.lstm(x, encoder_state)  # [B, T, 64]
        return self.dense(x)  # [B, T, 2000]

    def begin(self, source: Tensor) -> TranslateState:
        """What there is before the first step."""
        x = self.encoder_embedding(source)  # [B, S, 64]
        _, (h_n, c_n) = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        return TranslateState(h_n[-1], c_n[-1])

    def step(self, target: Tensor, state: TranslateState) -> tuple[Tensor, TranslateState]:
        """One step of `forward`, or several: what it gives, and the state to go on with."""
        x = self.embedding(target)  # [B, T, 64]
        # [B, T, 64]; h_n and c_n [1, B, 64]
        x, (h_n, c_n) = self.lstm(x, (state.lstm_h[None], state.lstm_c[None]))
        x = self.dense(x)  # [B, T, 2000]
        return x, TranslateState(h_n[-1], c_n[-1])

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.encoder_embedding.weight, -0.05, 0.05)
        initialise_lstm(self.encoder_lstm)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        initialise_lstm(self.lstm)

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


def build_model() -> Translate:
    """The model with fresh weights."""
    return Translate()
