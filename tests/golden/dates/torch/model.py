"""Dates.

    model Dates(source: token(51)[B, S], previous: token(12)[B, T]) -> float[B, T, 11] {
        encoder = source -> embedding(32) -> lstm(64)
        decoder = previous -> embedding(32) -> lstm(64, initial=encoder.state, return=sequence)
        decoder -> dense(11)
    }

Compiled from dates.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Dates(nn.Module):
    """source [B, S], previous [B, T] -> [B, T, 11]"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder_embedding = nn.Embedding(51, 32)
        self.encoder_lstm = nn.LSTM(32, 64, batch_first=True)
        self.decoder_embedding = nn.Embedding(12, 32)
        self.decoder_lstm = nn.LSTM(32, 64, batch_first=True)
        self.dense = nn.Linear(64, 11)
        self.reset_parameters()

    def forward(self, source: Tensor, previous: Tensor) -> Tensor:
        x = self.encoder_embedding(source)  # [B, S, 32]
        _, encoder_state = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        x = self.decoder_embedding(previous)  # [B, T, 32]
        decoder, _ = self.decoder_lstm(x, encoder_state)  # [B, T, 64]
        return self.dense(decoder)  # [B, T, 11]

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
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two


def build_model() -> Dates:
    """The model with fresh weights."""
    return Dates()
