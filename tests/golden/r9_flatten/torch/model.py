"""Frame.

    model Frame(x: float[B, steps, 3]) -> float[B, 4] {
        x -> simple_rnn(10, return=sequence) -> flatten -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec r9_flatten.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Frame(nn.Module):
    """x [B, 8, 3] -> [B, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.simple_rnn = nn.RNN(3, 10, batch_first=True)
        self.dense = nn.Linear(80, 4)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.simple_rnn(x)  # [B, 8, 10]
        x = x.flatten(1)  # [B, 80]
        return self.dense(x)  # [B, 4]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_rnn(self.simple_rnn)

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def initialise_rnn(rnn: nn.RNN) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    for name, weight in rnn.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(weight)
        elif name.startswith("bias_ih"):
            nn.init.zeros_(weight)
        else:
            nn.init.zeros_(weight).requires_grad_(False)  # one bias, not two


def build_model() -> Frame:
    """The model with fresh weights."""
    return Frame()
