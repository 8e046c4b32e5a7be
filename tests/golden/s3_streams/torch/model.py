"""Air.

    model Air(hours: float[B, T, 3], place: float[B, 2]) -> (warm: float[B, T, 1], wet: float[B, T,
        1]) {
        where = place -> dense(4, activation=tanh) -> repeat(T)
        seen = concat(hours, where) -> lstm(16, return=sequence, stateful=true)
        warm = seen -> dense(1)
        wet = seen -> dense(1, activation=sigmoid)
    }

Compiled by seqspec 0.1.0 from the spec s3_streams.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class AirOutputs(NamedTuple):
    warm: Tensor  # [B, T, 1]
    wet: Tensor  # [B, T, 1]


class AirState(NamedTuple):
    """What Air carries from one batch to the next."""

    seen_lstm_h: Tensor  # [B, 16]
    seen_lstm_c: Tensor  # [B, 16]


class Air(nn.Module):
    """hours [B, T, 3], place [B, 2] -> warm [B, T, 1], wet [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.where_dense = nn.Linear(2, 4)
        self.seen_lstm = nn.LSTM(7, 16, batch_first=True)
        self.warm_dense = nn.Linear(16, 1)
        self.wet_dense = nn.Linear(16, 1)
        self.reset_parameters()

    def forward(
        self, hours: Tensor, place: Tensor, state: AirState | None = None
    ) -> tuple[AirOutputs, AirState]:
        outputs, state = self.logits(hours, place, state)
        return outputs._replace(wet=torch.sigmoid(outputs.wet)), state

    def logits(
        self, hours: Tensor, place: Tensor, state: AirState | None = None
    ) -> tuple[AirOutputs, AirState]:
        """The same before the last activation: what the loss is exact with."""
        if state is None:
            state = self.zero_state(len(hours))
        x = torch.tanh(self.where_dense(place))  # [B, 4]
        where = x[:, None].expand(-1, hours.shape[1], -1)  # [B, T, 4]
        x = torch.cat([hours, where], dim=-1)  # [B, T, 7]
        # [B, T, 16]; h_n and c_n [1, B, 16]
        seen, (h_n, c_n) = self.seen_lstm(x, (state.seen_lstm_h[None], state.seen_lstm_c[None]))
        warm = self.warm_dense(seen)  # [B, T, 1]
        wet = self.wet_dense(seen)  # [B, T, 1]
        return AirOutputs(warm, wet), AirState(h_n[-1], c_n[-1])

    def zero_state(self, lanes: int) -> AirState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return AirState(zeros(lanes, 16), zeros(lanes, 16))

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.where_dense.weight)
        nn.init.zeros_(self.where_dense.bias)

        initialise_lstm(self.seen_lstm)

        nn.init.xavier_uniform_(self.warm_dense.weight)
        nn.init.zeros_(self.warm_dense.bias)

        nn.init.xavier_uniform_(self.wet_dense.weight)
        nn.init.zeros_(self.wet_dense.bias)


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


def build_model() -> Air:
    """The model with fresh weights."""
    return Air()
