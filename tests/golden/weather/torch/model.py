"""Weather.

    model Weather(hours: float[B, 48, 5]) -> float[B, 6] {
        hours -> gru(64) -> dense(6)
    }

Compiled from weather.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Weather(nn.Module):
    """hours [B, 48, 5] -> [B, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(5, 64, batch_first=True)
        self.dense = nn.Linear(64, 6)
        self.reset_parameters()

    def forward(self, hours: Tensor) -> Tensor:
        _, h_n = self.gru(hours)  # h_n [1, B, 64]
        return self.dense(h_n[-1])  # [B, 6]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        gru = dict(self.gru.named_parameters())
        nn.init.xavier_uniform_(gru["weight_ih_l0"])
        nn.init.orthogonal_(gru["weight_hh_l0"])
        nn.init.zeros_(gru["bias_ih_l0"])
        nn.init.zeros_(gru["bias_hh_l0"])

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Weather:
    """The model with fresh weights."""
    return Weather()
