"""Bent: Functions with arguments of their own, where frameworks have other defaults or none at all.

    model Bent(x: float[B, T, 3]) -> float[B, 4] {
        h = x -> dense(8, activation=gelu(approximate=true)) -> gru(8,
            activation=leaky_relu(negative_slope=0.1))
        h -> dense(8, activation=relu(max_value=2.0),
            kernel_initializer=variance_scaling(scale=2.0))
            -> dense(4, activation=squareplus, kernel_initializer=identity)
    }

Compiled by seqspec 0.1.0 from the spec l_activations.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class LeakyReluNegativeSlope0Point1GRU(nn.Module):
    """nn.GRU with leaky_relu(negative_slope=0.1) in place of tanh, which it does not offer."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.kernel = nn.Linear(inputs, 3 * units)
        self.recurrent_kernel = nn.Linear(units, 3 * units)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, inputs] -> every step [B, T, units], the last state [B, units]"""
        h = x.new_zeros(len(x), self.units)
        steps: list[Tensor] = []
        for inputs in self.kernel(x).unbind(1):  # the product with all inputs at once
            z, r, n = inputs.chunk(3, dim=-1)
            z_h, r_h, n_h = self.recurrent_kernel(h).chunk(3, dim=-1)
            z, r = torch.sigmoid(z + z_h), torch.sigmoid(r + r_h)
            n = functional.leaky_relu(n + r * n_h, negative_slope=0.1)
            h = z * h + (1 - z) * n
            steps.append(h)
        return torch.stack(steps, dim=1), h


class Bent(nn.Module):
    """x [B, T, 3] -> [B, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.h_dense = nn.Linear(3, 8)
        self.h_gru = LeakyReluNegativeSlope0Point1GRU(8, 8)
        self.dense = nn.Linear(8, 8)
        self.dense_1 = nn.Linear(8, 4)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.h_dense(x), approximate="tanh")  # [B, T, 8]
        _, h = self.h_gru(x)  # h [B, 8]
        h_ = h  # [B, 8], the last step
        x = bent_relu(self.dense(h_), max_value=2.0)  # [B, 8]
        return squareplus(self.dense_1(x), b=4)  # [B, 4]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.h_dense.weight)
        nn.init.zeros_(self.h_dense.bias)

        initialise_leaky_relu_negative_slope(self.h_gru)

        scaled_normal_(self.dense.weight, variance=2.0 / 8)
        nn.init.zeros_(self.dense.bias)

        nn.init.eye_(self.dense_1.weight)
        nn.init.zeros_(self.dense_1.bias)


def initialise_leaky_relu_negative_slope(gru: LeakyReluNegativeSlope0Point1GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    nn.init.xavier_uniform_(gru.kernel.weight)
    nn.init.orthogonal_(gru.recurrent_kernel.weight)
    nn.init.zeros_(gru.kernel.bias)
    nn.init.zeros_(gru.recurrent_kernel.bias)


def scaled_normal_(weight: Tensor, variance: float) -> Tensor:
    """Normal, cut at two standard deviations that are widened to make up for the cut."""
    deviation = variance**0.5 / 0.87962566103423978
    return nn.init.trunc_normal_(weight, std=deviation, a=-2 * deviation, b=2 * deviation)


def bent_relu(
    x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """x above the threshold and up to max_value; below, a line that reaches zero there."""
    y = torch.where(x > threshold, x, negative_slope * (x - threshold))
    return y if max_value is None else y.clamp(max=max_value)


def squareplus(x: Tensor, b: float) -> Tensor:
    """A softplus without exponentials."""
    return (x + torch.sqrt(x.square() + b)) / 2


def build_model() -> Bent:
    """The model with fresh weights."""
    return Bent()
