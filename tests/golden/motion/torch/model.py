"""Motion.

    encoder Squeeze(x: float[B, steps, 6]) -> float[B, 24] {
        x -> lstm(48, return=sequence) -> lstm(32, return=sequence) -> lstm(24)
    }

    decoder Unfold(code: float[B, 24]) -> float[B, steps, 6] {
        code -> repeat(steps) -> lstm(48, return=sequence) -> each(dense(6))
    }

    model Motion(motion: float[B, steps, 6]) -> float[B, steps, 6] {
        motion -> Squeeze -> Unfold
    }

Compiled by seqspec 0.1.0 from the spec motion.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Squeeze(nn.Module):
    """x [B, 50, 6] -> [B, 24]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 48, batch_first=True)
        self.lstm_1 = nn.LSTM(48, 32, batch_first=True)
        self.lstm_2 = nn.LSTM(32, 24, batch_first=True)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.lstm(x)  # [B, 50, 48]
        x, _ = self.lstm_1(x)  # [B, 50, 32]
        _, (h_n, _) = self.lstm_2(x)  # h_n [1, B, 24]
        return h_n[-1]  # [B, 24], the last step

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)
        initialise_lstm(self.lstm_1)
        initialise_lstm(self.lstm_2)


class Unfold(nn.Module):
    """code [B, 24] -> [B, 50, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 48, batch_first=True)
        self.dense = nn.Linear(48, 6)
        self.reset_parameters()

    def forward(self, code: Tensor) -> Tensor:
        x = code[:, None].expand(-1, 50, -1)  # [B, 50, 24]
        x, _ = self.lstm(x)  # [B, 50, 48]
        return self.dense(x)  # [B, 50, 6]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


class Motion(nn.Module):
    """motion [B, 50, 6] -> [B, 50, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = Squeeze()
        self.unfold = Unfold()

    def forward(self, motion: Tensor) -> Tensor:
        x = self.squeeze(motion)  # [B, 24]
        return self.unfold(x)  # [B, 50, 6]


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


def build_model() -> Motion:
    """The model with fresh weights."""
    return Motion()
