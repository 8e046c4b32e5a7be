"""Both.

    model Words(text: token(2000)[B, T]) -> float[B, T, 2000] {
        words = embedding(64)
        seen = text -> words -> lstm(64, return=sequence) -> dropout(0.2)
        seen -> dense(2000, kernel=transpose(words.embeddings))
    }

    model Calibrated(probe: float[B, T, F]) -> float[B, T, F] {
        weight offset: float[F] = zeros(), gain: float[F] = ones()
        code = dense(8, activation=relu)
        probe * gain + offset -> code -> dense(F, kernel=transpose(code.kernel))
    }

    model Both(text: token(2000)[B, T], probe: float[B, T, 12]) -> (next: float[B, T, 2000], clean:
        float[B, T, 12]) {
        next = text -> Words
        clean = probe -> Calibrated
    }

Compiled by seqspec 0.1.0 from the spec l6_tied.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Words(nn.Module):
    """The next word of a text. The vectors of the words serve as the last layer, too (Press and
    Wolf 2017).

    text [B, T] -> [B, T, 2000]
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(2000, 64)
        self.seen_lstm = nn.LSTM(64, 64, batch_first=True)
        self.seen_dropout = nn.Dropout(0.2)
        self.dense_bias = nn.Parameter(torch.empty(2000))
        self.reset_parameters()

    def forward(self, text: Tensor) -> Tensor:
        x = self.words(text)  # [B, T, 64]
        x, _ = self.seen_lstm(x)  # [B, T, 64]
        seen = self.seen_dropout(x)  # [B, T, 64]
        return functional.linear(seen, self.words.weight, self.dense_bias)  # [B, T, 2000]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.uniform_(self.words.weight, -0.05, 0.05)
        initialise_lstm(self.seen_lstm)
        nn.init.zeros_(self.dense_bias)


class Calibrated(nn.Module):
    """Calibrates each probe, and decodes with the encoder's own weights.

    probe [B, T, 12] -> [B, T, 12]
    """

    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.empty(12))
        self.gain = nn.Parameter(torch.empty(12))
        self.code = nn.Linear(12, 8)
        self.dense_bias = nn.Parameter(torch.empty(12))
        self.reset_parameters()

    def forward(self, probe: Tensor) -> Tensor:
        x = probe * self.gain + self.offset  # [B, T, 12]
        x = torch.relu(self.code(x))  # [B, T, 8]
        return functional.linear(x, self.code.weight.T, self.dense_bias)  # [B, T, 12]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.zeros_(self.offset)
        nn.init.ones_(self.gain)

        nn.init.xavier_uniform_(self.code.weight)
        nn.init.zeros_(self.code.bias)

        nn.init.zeros_(self.dense_bias)


class BothOutputs(NamedTuple):
    next_: Tensor  # [B, T, 2000]
    clean: Tensor  # [B, T, 12]


class Both(nn.Module):
    """text [B, T], probe [B, T, 12] -> next [B, T, 2000], clean [B, T, 12]"""

    def __init__(self) -> None:
        super().__init__()
        self.next_words = Words()
        self.clean_calibrated = Calibrated()

    def forward(self, text: Tensor, probe: Tensor) -> BothOutputs:
        next_ = self.next_words(text)  # [B, T, 2000]
        clean = self.clean_calibrated(probe)  # [B, T, 12]
        return BothOutputs(next_, clean)


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


def build_model() -> Both:
    """The model with fresh weights."""
    return Both()
