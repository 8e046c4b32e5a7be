"""BothWays.

    model BothWays(x: float[B, 5, 10]) -> float[B, 10] {
        x -> bidirectional(lstm(64, return=sequence)) -> bidirectional(lstm(32)) -> dense(10)
    }

Compiled from counts_bidirectional.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours
to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BothWays(nn.Module):
    """x [B, 5, 10] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.bidirectional = nn.LSTM(10, 64, batch_first=True, bidirectional=True)
        self.bidirectional_1 = nn.LSTM(128, 32, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(64, 10)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.bidirectional(x)  # [B, 5, 128]
        _, (h_n, _) = self.bidirectional_1(x)  # h_n [2, B, 32]
        x = torch.cat([h_n[0], h_n[1]], dim=-1)  # [B, 64], the last step
        return self.dense(x)  # [B, 10]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.bidirectional)
        initialise_lstm(self.bidirectional_1)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_lstm(lstm: nn.LSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    weights = dict(lstm.named_parameters())
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    # the forget gate begins open
    nn.init.ones_(weights["bias_ih_l0"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0"]).requires_grad_(False)  # one bias, not two
    nn.init.xavier_uniform_(weights["weight_ih_l0_reverse"])
    nn.init.orthogonal_(weights["weight_hh_l0_reverse"])
    nn.init.zeros_(weights["bias_ih_l0_reverse"])
    nn.init.ones_(weights["bias_ih_l0_reverse"][lstm.hidden_size : 2 * lstm.hidden_size])
    nn.init.zeros_(weights["bias_hh_l0_reverse"]).requires_grad_(False)


def build_model() -> BothWays:
    """The model with fresh weights."""
    return BothWays()
