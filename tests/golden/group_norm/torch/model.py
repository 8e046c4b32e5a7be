"""Loudness: Normalised in groups of features over all steps of a sample, as batch_norm cannot be
for small batches.

    model Loudness(x: float[B, T, 3]) -> float[B, 5] {
        x -> conv_1d(24, 5) -> group_norm(8) -> gru(16) -> dense(5)
    }

Compiled by seqspec 0.1.0 from the spec group_norm.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Loudness(nn.Module):
    """x [B, T, 3] -> [B, 5]"""

    def __init__(self) -> None:
        super().__init__()
        self.conv_1d = nn.Conv1d(3, 24, 5)
        self.group_norm = nn.GroupNorm(8, 24, eps=0.001)
        self.gru = nn.GRU(24, 16, batch_first=True)
        self.dense = nn.Linear(16, 5)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_1d(x.mT).mT  # [B, T-4, 24]
        x = self.group_norm(x.mT).mT  # [B, T-4, 24]
        _, h_n = self.gru(x)  # h_n [1, B, 16]
        return self.dense(h_n[-1])  # [B, 5]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.conv_1d.weight)
        nn.init.zeros_(self.conv_1d.bias)

        initialise_gru(self.gru)

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


def build_model() -> Loudness:
    """The model with fresh weights."""
    return Loudness()
