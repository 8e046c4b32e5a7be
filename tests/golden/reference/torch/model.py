"""Reference.

    model Reference(text: token(letters)[B, T]) -> float[B, T, letters] {
        text -> embedding(16) -> lstm(128, return=sequence, stateful=true) -> dense(letters)
    }

Compiled by seqspec 0.1.0 from the spec reference.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class ReferenceState(NamedTuple):
    """What Reference carries from one batch to the next."""

    lstm_h: Tensor  # [B, 128]
    lstm_c: Tensor  # [B, 128]


class Reference(nn.Module):
    """text [B, T] -> logits [B, T, 99]"""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(99, 16)
        self.lstm = nn.LSTM(16, 128, batch_first=True)
        self.dense = nn.Linear(128, 99)
        self.reset_parameters()

    def forward(
        self, text: Tensor, state: ReferenceState | None = None
    ) -> tuple[Tensor, ReferenceState]:
        if state is None:
            state = self.zero_state(len(text))
        x = self.embedding(text)  # [B, T, 16]
        # [B, T, 128]; h_n and c_n [1, B, 128]
        x, (h_n, c_n) = self.lstm(x, (state.lstm_h[None], state.lstm_c[None]))
        x = self.dense(x)  # [B, T, 99]
        return x, ReferenceState(h_n[-1], c_n[-1])

    def zero_state(self, lanes: int) -> ReferenceState:
        """A cleared state for so many lanes."""
        zeros = next(self.parameters()).new_zeros
        return ReferenceState(zeros(lanes, 128), zeros(lanes, 128))

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


def build_model() -> Reference:
    """The model with fresh weights."""
    return Reference()
