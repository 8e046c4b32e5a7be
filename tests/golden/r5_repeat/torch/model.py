"""Profile.

    model Profile(summary: float[B, 6]) -> float[B, steps, 2] {
        summary -> repeat(steps) -> lstm(24, return=sequence) -> dense(2)
    }

Compiled by seqspec 0.1.0 from the spec r5_repeat.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Profile(nn.Module):
    """summary [B, 6] -> [B, 12, 2]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 24, batch_first=True)
        self.dense = nn.Linear(24, 2)
        self.reset_parameters()

    def forward(self, summary: Tensor) -> Tensor:
        x = summary[:, None].expand(-1, 12, -1)  # [B, 12, 6]
        x, _ = self.lstm(x)  # [B, 12, 24]
        return self.dense(x)  # [B, 12, 2]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)

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


def build_model() -> Profile:
    """The model with fresh weights."""
    return Profile()
