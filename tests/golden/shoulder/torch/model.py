"""Shoulder.

    model Shoulder(motion: float[B, 50, 6]) -> float[B, 7] {
        motion
            -> conv_1d(32, 5, padding=same, activation=relu) -> max_pooling_1d
            -> conv_1d(48, 5, padding=same, activation=relu) -> max_pooling_1d
            -> dropout(0.3) -> lstm(48) -> dropout(0.3) -> dense(7)
    }

Compiled by seqspec 0.1.0 from the spec shoulder.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Shoulder(nn.Module):
    """motion [B, 50, 6] -> logits [B, 7]"""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1d = nn.Conv1d(6, 32, 5, padding="same")
        self.conv_1d_1 = nn.Conv1d(32, 48, 5, padding="same")
        self.dropout = nn.Dropout(0.3)
        self.lstm = nn.LSTM(48, 48, batch_first=True)
        self.dropout_1 = nn.Dropout(0.3)
        self.dense = nn.Linear(48, 7)
        self.reset_parameters()

    def forward(self, motion: Tensor) -> Tensor:
        x = torch.relu(self.conv_1d(motion.mT).mT)  # [B, 50, 32]
        x = functional.max_pool1d(x.mT, 2).mT  # [B, 25, 32]
        x = torch.relu(self.conv_1d_1(x.mT).mT)  # [B, 25, 48]
        x = functional.max_pool1d(x.mT, 2).mT  # [B, 12, 48]
        x = self.dropout(x)  # [B, 12, 48]
        _, (h_n, _) = self.lstm(x)  # h_n [1, B, 48]
        x = self.dropout_1(h_n[-1])  # [B, 48]
        return self.dense(x)  # [B, 7]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.conv_1d.weight)
        nn.init.zeros_(self.conv_1d.bias)

        nn.init.xavier_uniform_(self.conv_1d_1.weight)
        nn.init.zeros_(self.conv_1d_1.bias)

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


def build_model() -> Shoulder:
    """The model with fresh weights."""
    return Shoulder()
