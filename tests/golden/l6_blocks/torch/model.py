"""Alarm: Whether a machine is about to fail, from how it hums.

    model Lane(x: float[B, T, F], units, rate = 0.1) -> float[B, T, units] {
        x -> layer_norm -> gru(units, return=sequence) -> dropout(rate)
    }

    model Alarm(hum: float[B, T, 4]) -> float[B, 1] {
        patterns = hum -> branches(conv_1d(8, padding=causal, activation=relu), kernel_size=[2, 4,
            8])
        lanes = patterns -> chain(Lane(rate=0.2), units=[48, 32, 16])
        lanes -> lstm(16) -> chain(dense(16, activation=relu), 3) -> dense(1, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec l6_blocks.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Lane(nn.Module):
    """One lane of the stack: normalised, read over time, thinned out.

    x [B, T, features] -> [B, T, units]
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(features, eps=0.001)
        self.gru = nn.GRU(features, units, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer_norm(x)  # [B, T, features]
        x, _ = self.gru(x)  # [B, T, units]
        return self.dropout(x)  # [B, T, units]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)


class Alarm(nn.Module):
    """hum [B, T, 4] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.patterns_branches_0 = nn.Conv1d(4, 8, 2)
        self.patterns_branches_1 = nn.Conv1d(4, 8, 4)
        self.patterns_branches_2 = nn.Conv1d(4, 8, 8)
        self.lanes_chain_0 = Lane(24, 48)
        self.lanes_chain_1 = Lane(48, 32)
        self.lanes_chain_2 = Lane(32, 16)
        self.lstm = nn.LSTM(16, 16, batch_first=True)
        self.chain_0 = nn.Linear(16, 16)
        self.chain_1 = nn.Linear(16, 16)
        self.chain_2 = nn.Linear(16, 16)
        self.dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(self, hum: Tensor) -> Tensor:
        x = torch.relu(self.patterns_branches_0(functional.pad(hum.mT, (1, 0))).mT)  # [B, T, 8]
        # [B, T, 8]
        patterns_branches_1_out = torch.relu(
            self.patterns_branches_1(functional.pad(hum.mT, (3, 0))).mT
        )
        # [B, T, 8]
        patterns_branches_2_out = torch.relu(
            self.patterns_branches_2(functional.pad(hum.mT, (7, 0))).mT
        )
        # [B, T, 24]
        patterns = torch.cat([x, patterns_branches_1_out, patterns_branches_2_out], dim=-1)
        x = self.lanes_chain_0(patterns)  # [B, T, 48]
        x = self.lanes_chain_1(x)  # [B, T, 32]
        lanes = self.lanes_chain_2(x)  # [B, T, 16]
        _, (h_n, _) = self.lstm(lanes)  # h_n [1, B, 16]
        x = torch.relu(self.chain_0(h_n[-1]))  # [B, 16]
        x = torch.relu(self.chain_1(x))  # [B, 16]
        x = torch.relu(self.chain_2(x))  # [B, 16]
        return torch.sigmoid(self.dense(x))  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.patterns_branches_0.weight)
        nn.init.zeros_(self.patterns_branches_0.bias)

        nn.init.xavier_uniform_(self.patterns_branches_1.weight)
        nn.init.zeros_(self.patterns_branches_1.bias)

        nn.init.xavier_uniform_(self.patterns_branches_2.weight)
        nn.init.zeros_(self.patterns_branches_2.bias)

        initialise_lstm(self.lstm)

        nn.init.xavier_uniform_(self.chain_0.weight)
        nn.init.zeros_(self.chain_0.bias)

        nn.init.xavier_uniform_(self.chain_1.weight)
        nn.init.zeros_(self.chain_1.bias)

        nn.init.xavier_uniform_(self.chain_2.weight)
        nn.init.zeros_(self.chain_2.bias)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


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


def build_model() -> Alarm:
    """The model with fresh weights."""
    return Alarm()
