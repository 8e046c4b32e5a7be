"""Translate.

    model Translate(source: token(1000)[B, S], target: token(2000)[B, T]) -> float[B, 10] {
        encoder = source -> embedding(64) -> lstm(64)
        target -> embedding(64) -> lstm(64, initial=encoder.state) -> dense(10)
    }

Compiled from counts_translate.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to
edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Translate(nn.Module):
    """source [B, S], target [B, T] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder_embedding = nn.Embedding(1000, 64)
        self.encoder_lstm = nn.LSTM(64, 64, batch_first=True)
        self.embedding = nn.Embedding(2000, 64)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.dense = nn.Linear(64, 10)
        self.reset_parameters()

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x = self.encoder_embedding(source)  # [B, S, 64]
        _, encoder_state = self.encoder_lstm(x)  # h_n and c_n [1, B, 64]
        x = self.embedding(target)  # [B, T, 64]
        _, (h_n, _) = self.lstm(x, encoder_state)  # h_n [1, B, 64]
        return self.dense(h_n[-1])  # [B, 10]

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
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two


def build_model() -> Translate:
    """The model with fresh weights."""
    return Translate()
