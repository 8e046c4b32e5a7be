"""Hours.

    model Encoder(hours: float[B, T, 3]) -> float[B, T, 16] {
        hours -> lstm(16, return=sequence, stateful=true)
    }

    model Hours(hours: float[B, T, 3]) -> float[B, T, 1] {
        hours -> Encoder -> gru(8, return=sequence, stateful=true) -> dense(1)
    }

Compiled by seqspec 0.1.0 from the spec s1_carried.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class EncoderOutputs(NamedTuple):
    output: Tensor  # [B, T, 16]
    lstm_state: tuple[Tensor, Tensor]  # h [B, 16], c [B, 16]


class Encoder(nn.Module):
    """hours [B, T, 3], lstm_state (h [B, 16], c [B, 16]) -> output [B, T, 16], lstm_state (h [B,
    16], c [B, 16])
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.reset_parameters()

    def forward(self, hours: Tensor, lstm_state_h: Tensor, lstm_state_c: Tensor) -> EncoderOutputs:
        # [B, T, 16]; h_n and c_n [1, B, 16]
        x, (h_n, c_n) = self.lstm(hours, (lstm_state_h[None], lstm_state_c[None]))
        return EncoderOutputs(x, (h_n[-1], c_n[-1]))

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)


class HoursState(NamedTuple):
    """What Hours carries from one batch to the next."""

    encoder_lstm_h: Tensor  # [B, 16]
    encoder_lstm_c: Tensor  # [B, 16]
    gru_h: Tensor  # [B, 8]


class Hours(nn.Module):
    """hours [B, T, 3] -> [B, T, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.gru = nn.GRU(16, 8, batch_first=True)
        self.dense = nn.Linear(8, 1)
        self.reset_parameters()

    def forward(self, hours: Tensor, state: HoursState | None = None) -> tuple[Tensor, HoursState]:
        if state is None:
            state = self.zero_state(len(hours))
        # output [B, T, 16], lstm_state h [B, 16], c [B, 16]
        from_encoder = self.encoder(hours, state.encoder_lstm_h, state.encoder_lstm_c)
        x, h_n = self.gru(from_encoder.output, state.gru_h[None])  # [B, T, 8]; h_n [1, B, 8]
        x = self.dense(x)  # [B, T, 1]
        return x, HoursState(from_encoder.lstm_state[0], from_encoder.lstm_state[1], h_n[-1])

    def zero_state(self, lanes: int) -> HoursState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return HoursState(zeros(lanes, 16), zeros(lanes, 16), zeros(lanes, 8))

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_gru(self.gru)

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


def initialise_gru(gru: nn.GRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in gru.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)


def build_model() -> Hours:
    """The model with fresh weights."""
    return Hours()
