"""Gated.

    model Changes(x: float[B, T, F]) -> float[B, T, F] {
        before = x -> cropping_1d([0, 1]) -> zero_padding_1d([1, 0])
        subtract(x, before)
    }

    model Gated(x: float[B, 12, 6]) -> float[B, 2, 4] {
        h = x -> gaussian_noise(0.1) -> dense(8) -> layer_norm
        gate = x -> Changes -> spatial_dropout(0.2) -> dense(8, activation=sigmoid)
        kept = multiply(h, gate)
        forward = kept -> gru(8)
        backward = kept -> reverse -> gru(8)
        # each feature's course over time is read as one step
        courses = kept -> permute([2, 1]) -> gru(8)
        peak = maximum(forward, backward)
        average(peak, courses) -> reshape([2, 4])
    }

Compiled by seqspec 0.1.0 from the spec joins.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Changes(nn.Module):
    """What changed since the step before; a zero stands before the first.

    x [B, 12, 6] -> [B, 12, 6]
    """

    def forward(self, x: Tensor) -> Tensor:
        before_cropping_1d_out = x[:, :-1]  # [B, 11, 6]
        before = functional.pad(before_cropping_1d_out, (0, 0, 1, 0))  # [B, 12, 6]
        return x - before  # [B, 12, 6]


class Gated(nn.Module):
    """x [B, 12, 6] -> [B, 2, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_dense = nn.Linear(6, 8)
        self.h_layer_norm = nn.LayerNorm(8, eps=0.001)
        self.gate_changes = Changes()
        self.gate_spatial_dropout = nn.Dropout1d(0.2)
        self.gate_dense = nn.Linear(6, 8)
        self.forward_gru = nn.GRU(8, 8, batch_first=True)
        self.backward_gru = nn.GRU(8, 8, batch_first=True)
        self.courses_gru = nn.GRU(12, 8, batch_first=True)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        h_gaussian_noise_out = x + 0.1 * torch.randn_like(x) if self.training else x  # [B, 12, 6]
        h_dense_out = self.h_dense(h_gaussian_noise_out)  # [B, 12, 8]
        h = self.h_layer_norm(h_dense_out)  # [B, 12, 8]
        x = self.gate_changes(x)  # [B, 12, 6]
        x = self.gate_spatial_dropout(x.mT).mT  # [B, 12, 6]
        gate = torch.sigmoid(self.gate_dense(x))  # [B, 12, 8]
        kept = h * gate  # [B, 12, 8]
        _, h_n = self.forward_gru(kept)  # h_n [1, B, 8]
        forward = h_n[-1]  # [B, 8], the last step
        x = kept.flip(1)  # [B, 12, 8]
        _, h_n = self.backward_gru(x)  # h_n [1, B, 8]
        backward = h_n[-1]  # [B, 8], the last step
        x = kept.permute(0, 2, 1)  # [B, 8, 12]
        _, h_n = self.courses_gru(x)  # h_n [1, B, 8]
        courses = h_n[-1]  # [B, 8], the last step
        peak = torch.maximum(forward, backward)  # [B, 8]
        x = torch.mean(torch.stack([peak, courses]), dim=0)  # [B, 8]
        return x.reshape(-1, 2, 4)  # [B, 2, 4]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.h_dense.weight)
        nn.init.zeros_(self.h_dense.bias)

        nn.init.xavier_uniform_(self.gate_dense.weight)
        nn.init.zeros_(self.gate_dense.bias)

        initialise_gru(self.forward_gru)
        initialise_gru(self.backward_gru)
        initialise_gru(self.courses_gru)


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Gated:
    """The model with fresh weights."""
    return Gated()
