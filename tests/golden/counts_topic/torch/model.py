"""Topic.

    model Topic(text: token(1000)[B, T]) -> float[B, 10] {
        text -> embedding(64) -> lstm(units) -> dense(10)
    }

Compiled from counts_topic.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
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

        lstm = dict(self.lstm.named_parameters())
        nn.init.xavier_uniform_(lstm["weight_ih_l0"])
        nn.init.orthogonal_(lstm["weight_hh_l0"])
        nn.init.zeros_(lstm["bias_ih_l0"])
        nn.init.ones_(lstm["bias_ih_l0"][128:256])  # the forget gate begins open
        nn.init.zeros_(lstm["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Topic:
    """The model with fresh weights."""
    return Topic()
