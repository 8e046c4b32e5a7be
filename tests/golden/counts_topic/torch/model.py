"""Topic.

    model Topic(text: token(1000)[B, T]) -> float[B, 10] {
        text -> embedding(64) -> lstm(units) -> dense(10)
    }

Compiled by seqspec 0.1.0 from the spec counts_topic.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Topic(nn.Module):
    """text [B, T] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.dense = nn.Linear(128, 10)
        self.reset_parameters()

    def forward(self, text: Tensor) -> Tensor:
        x = self.embedding(text)  # [B, T, 64]
        _, (h_n, _) = self.lstm(x)  # h_n [1, B, 128]
        return self.dense(h_n[-1])  # [B, 10]

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


def build_model() -> Topic:
    """The model with fresh weights."""
    return Topic()
