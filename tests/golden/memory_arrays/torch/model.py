"""Sleep.

    model Sleep(breath: float[B, 300, 3]) -> float[B, 4] {
        breath -> gru(16) -> dense(4)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Sleep(nn.Module):
    """breath [B, 300, 3] -> logits [B, 4]"""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 16, batch_first=True)
        self.dense = nn.Linear(16, 4)
        self.reset_parameters()

    def forward(self, breath: Tensor) -> Tensor:
        _, h_n = self.gru(breath)  # h_n [1, B, 16]
        return self.dense(h_n[-1])  # [B, 4]

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


def build_model() -> Sleep:
    """The model with fresh weights."""
    return Sleep()
