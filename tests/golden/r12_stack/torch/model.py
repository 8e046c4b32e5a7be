"""Stack.

    model Stack(text: token(1000)[B, T]) -> float[B, 10] {
        text -> embedding(64) -> gru(256, return=sequence) -> simple_rnn(128) -> dense(10)
    }

Compiled from r12_stack.seq by seqspec 0.1.0. Needs PyTorch and safetensors only; yours to edit.
"""

from __future__ import annotations

from torch import Tensor, nn


class Stack(nn.Module):
    """text [B, T] -> [B, 10]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.gru = nn.GRU(64, 256, batch_first=True)
        self.simple_rnn = nn.RNN(256, 128, batch_first=True)
        self.dense = nn.Linear(128, 10)
        self.reset_parameters()

    def forward(self, text: Tensor) -> Tensor:
        x = self.embedding(text)  # [B, T, 64]
        x, _ = self.gru(x)  # [B, T, 256]
        _, h_n = self.simple_rnn(x)  # h_n [1, B, 128]
        return self.dense(h_n[-1])  # [B, 10]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)

        gru = dict(self.gru.named_parameters())
        nn.init.xavier_uniform_(gru["weight_ih_l0"])
        nn.init.orthogonal_(gru["weight_hh_l0"])
        nn.init.zeros_(gru["bias_ih_l0"])
        nn.init.zeros_(gru["bias_hh_l0"])

        simple_rnn = dict(self.simple_rnn.named_parameters())
        nn.init.xavier_uniform_(simple_rnn["weight_ih_l0"])
        nn.init.orthogonal_(simple_rnn["weight_hh_l0"])
        nn.init.zeros_(simple_rnn["bias_ih_l0"])
        nn.init.zeros_(simple_rnn["bias_hh_l0"]).requires_grad_(False)  # one bias, not two

        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)


def build_model() -> Stack:
    """The model with fresh weights."""
    return Stack()
