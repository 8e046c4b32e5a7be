"""Echo.

    model Echo(numbers: float[B, 5, 1]) -> float[B, 5, 1] {
        numbers -> lstm(5, return=sequence) -> each(dense(1))
    }

Compiled by seqspec 0.1.0 from the spec echo.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Echo(nn.Module):
    """numbers [B, 5, 1] -> [B, 5, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 5, batch_first=True)
        self.dense = nn.Linear(5, 1)
        self.reset_parameters()

    def forward(self, numbers: Tensor) -> Tensor:
        x, _ = self.lstm(numbers)  # [B, 5, 5]
        return self.dense(x)  # [B, 5, 1]

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


def build_model() -> Echo:
    """The model with fresh weights."""
    return Echo()
