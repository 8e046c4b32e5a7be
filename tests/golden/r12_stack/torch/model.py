"""Stack.

    model Stack(text: token(1000)[B, T]) -> float[B, 10] {
        text -> embedding(64) -> gru(256, return=sequence) -> simple_rnn(128) -> dense(10)
    }

Compiled by seqspec 0.1.0 from the spec r12_stack.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
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
        initialise_gru(self.gru)
        initialise_rnn(self.simple_rnn)

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


def build_model() -> Stack:
    """The model with fresh weights."""
    return Stack()
