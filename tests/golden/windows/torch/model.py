"""Coarse.

    model Past(x: float[B, T, 3]) -> float[B, T, 8] {
        near = x -> conv_1d(8, 3, padding=causal, activation=relu)
        far = near -> conv_1d(8, 3, padding=causal, dilation_rate=4, activation=relu)
        add(near, far) -> layer_norm
    }

    model Coarse(x: float[B, T, 3]) -> float[B, 5] {
        fine = x -> Past
        halves: float[B, ceil(T / 2), 16] = fine -> conv_1d(16, 5, strides=2, padding=same)
        quarters: float[B, ceil(T / 4), 16] = halves -> max_pooling_1d(padding=same)
        smooth = quarters -> average_pooling_1d(3, strides=1, padding=same)
        again: float[B, 4 * ceil(T / 4) - 3, 4] = smooth -> upsampling_1d(4) -> conv_1d(4, 4)
        peaks = again -> global_max_pooling_1d
        level = quarters -> global_average_pooling_1d
        concat(peaks, level) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec windows.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Past(nn.Module):
    """Each step sees itself and what came before: as long as the input, and fit to predict the next
    step.

    x [B, T, 3] -> [B, T, 8]
    """

    def __init__(self) -> None:
        super().__init__()
        self.near_conv_1d = nn.Conv1d(3, 8, 3)
        self.far_conv_1d = nn.Conv1d(8, 8, 3, dilation=4)
        self.layer_norm = nn.LayerNorm(8, eps=0.001)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        near = torch.relu(self.near_conv_1d(functional.pad(x.mT, (2, 0))).mT)  # [B, T, 8]
        far = torch.relu(self.far_conv_1d(functional.pad(near.mT, (8, 0))).mT)  # [B, T, 8]
        x = near + far  # [B, T, 8]
        return self.layer_norm(x)  # [B, T, 8]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.near_conv_1d.weight)
        nn.init.zeros_(self.near_conv_1d.bias)

        nn.init.xavier_uniform_(self.far_conv_1d.weight)
        nn.init.zeros_(self.far_conv_1d.bias)


class Coarse(nn.Module):
    """x [B, T, 3] -> [B, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.fine_past = Past()
        self.halves_conv_1d = nn.Conv1d(8, 16, 5, stride=2)
        self.again_conv_1d = nn.Conv1d(16, 4, 4)
        self.dense = nn.Linear(20, 5)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        fine = self.fine_past(x)  # [B, T, 8]
        halves = self.halves_conv_1d(pad_same(fine.mT, 5, 2)).mT  # [B, ceil(T/2), 16]
        # [B, ceil(T/4), 16]
        quarters = functional.max_pool1d(pad_same(halves.mT, 2, 2, -torch.inf), 2, 2).mT
        smooth = average_same(quarters.mT, 3, 1).mT  # [B, ceil(T/4), 16]
        x = smooth.repeat_interleave(4, dim=1)  # [B, 4*ceil(T/4), 16]
        again = self.again_conv_1d(x.mT).mT  # [B, 4*ceil(T/4)-3, 4]
        peaks = again.amax(1)  # [B, 4]
        level = quarters.mean(1)  # [B, 16]
        x = torch.cat([peaks, level], dim=-1)  # [B, 20]
        return self.dense(x)  # [B, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.halves_conv_1d.weight)
        nn.init.zeros_(self.halves_conv_1d.bias)

        nn.init.xavier_uniform_(self.again_conv_1d.weight)
        nn.init.zeros_(self.again_conv_1d.bias)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def pad_same(x: Tensor, window: int, stride: int, value: float = 0.0) -> Tensor:
    """[B, F, T] with steps at both ends, so that windows begin at each stride-th step."""
    steps = x.shape[-1]
    missing = max((-(-steps // stride) - 1) * stride + window - steps, 0)
    return functional.pad(x, (missing // 2, missing - missing // 2), value=value)


def average_same(x: Tensor, window: int, stride: int) -> Tensor:
    """The means over windows, of those steps that are there."""
    means = functional.avg_pool1d(pad_same(x, window, stride), window, stride)
    present = pad_same(torch.ones_like(x[:, :1]), window, stride)
    return means / functional.avg_pool1d(present, window, stride)


def build_model() -> Coarse:
    """The model with fresh weights."""
    return Coarse()
