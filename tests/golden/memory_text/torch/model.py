"""Book.

    model Book(text: token(5000)[B, 32]) -> float[B, 32, 5000] {
        text -> embedding(64) -> lstm(128, return=sequence) -> dense(5000)
    }

Compiled by seqspec 0.1.0 from the spec model.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Book(nn.Module):
    """text [B, 32] -> logits [B, 32, 5000]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5000, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.dense = nn.Linear(128, 5000)
        self.reset_parameters()

    def forward(self, text: Tensor) -> Tensor:
        x = self.embedding(text)  # [B, 32, 64]
        x, _ = self.lstm(x)  # [B, 32, 128]
        return self.dense(x)  # [B, 32, 5000]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
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


def build_model() -> Book:
    """The model with fresh weights."""
    return Book()
