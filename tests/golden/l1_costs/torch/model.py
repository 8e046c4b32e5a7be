"""Careful.

    model Careful(month: float[B, 12, 1]) -> float[B, 1] {
        month -> gru(16, kernel_regularizer=l2(0.001),
            recurrent_regularizer=orthogonal_regularizer(0.01),
                     bias_constraint=max_norm(1), activity_regularizer=l1(0.0001))
            -> dense(1, kernel_regularizer=l1_l2(l1=0.0001, l2=0.001), kernel_constraint=non_neg)
    }

Compiled by seqspec 0.1.0 from the spec l1_costs.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Careful(nn.Module):
    """month [B, 12, 1] -> [B, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(self, month: Tensor) -> Tensor:
        _, h_n = self.gru(month)  # h_n [1, B, 16]
        self.activity = 0.0001 * h_n.abs().sum() / h_n.shape[1]
        return self.dense(h_n[-1])  # [B, 1]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
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


def build_model() -> Careful:
    """The model with fresh weights."""
    return Careful()
