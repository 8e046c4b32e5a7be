"""Digits.

    model Digits(rows: float[B, 8, 8]) -> float[B, 10] {
        rows -> lstm(64) -> batch_norm -> dense(10)
    }

Compiled by seqspec 0.1.0 from the spec digits.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Digits(nn.Module):
    """rows [B, 8, 8] -> logits [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.batch_norm = nn.BatchNorm1d(64, eps=0.001, momentum=0.01)  # Keras's momentum: 0.99
        self.dense = nn.Linear(64, 10)
        self.reset_parameters()

    def forward(self, rows: Tensor) -> Tensor:
        _, (h_n, _) = self.lstm(rows)  # h_n [1, B, 64]
        x = self.batch_norm(h_n[-1])  # [B, 64]
        return self.dense(x)  # [B, 10]

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


def build_model() -> Digits:
    """The model with fresh weights."""
    return Digits()
