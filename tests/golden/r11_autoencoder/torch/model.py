"""Autoencoder.

    encoder Squeeze(rows: float[B, steps, features]) -> float[B, 16] {
        rows -> lstm(64, return=sequence) -> lstm(32, return=sequence) -> lstm(16)
    }

    decoder Unfold(code: float[B, 16]) -> float[B, steps, features] {
        code -> repeat(steps) -> lstm(32, return=sequence) -> lstm(features, return=sequence)
    }

    model Autoencoder(rows: float[B, steps, features]) -> float[B, steps, features] {
        rows -> Squeeze -> Unfold
    }

Compiled from r11_autoencoder.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to
edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Squeeze(nn.Module):
    """rows [B, 8, 8] -> [B, 16]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.lstm_1 = nn.LSTM(64, 32, batch_first=True)
        self.lstm_2 = nn.LSTM(32, 16, batch_first=True)
        self.reset_parameters()

    def forward(self, rows: Tensor) -> Tensor:
        x, _ = self.lstm(rows)  # [B, 8, 64]
        x, _ = self.lstm_1(x)  # [B, 8, 32]
        _, (h_n, _) = self.lstm_2(x)  # h_n [1, B, 16]
        return h_n[-1]  # [B, 16], the last step

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)
        initialise_lstm(self.lstm_1)
        initialise_lstm(self.lstm_2)


class Unfold(nn.Module):
    """code [B, 16] -> [B, 8, 8]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.lstm_1 = nn.LSTM(32, 8, batch_first=True)
        self.reset_parameters()

    def forward(self, code: Tensor) -> Tensor:
        x = code[:, None].expand(-1, 8, -1)  # [B, 8, 16]
        x, _ = self.lstm(x)  # [B, 8, 32]
        x, _ = self.lstm_1(x)  # [B, 8, 8]
        return x

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)
        initialise_lstm(self.lstm_1)


class Autoencoder(nn.Module):
    """rows [B, 8, 8] -> [B, 8, 8]"""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = Squeeze()
        self.unfold = Unfold()

    def forward(self, rows: Tensor) -> Tensor:
        x = self.squeeze(rows)  # [B, 16]
        return self.unfold(x)  # [B, 8, 8]


def initialise_lstm(lstm: nn.LSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two


def build_model() -> Autoencoder:
    """The model with fresh weights."""
    return Autoencoder()
