"""Tanks.

    model Tanks(readings: float[B, 5, 2]) -> float[B, 1] {
        readings -> lstm(8) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec r2_tanks.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Tanks(nn.Module):
    """readings [B, 5, 2] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True)
        self.dense = nn.Linear(8, 1)
        self.reset_parameters()

    def forward(self, readings: Tensor) -> Tensor:
        _, (h_n, _) = self.lstm(readings)  # h_n [1, B, 8]
        return self.dense(h_n[-1])  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
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


def build_model() -> Tanks:
    """The model with fresh weights."""
    return Tanks()
