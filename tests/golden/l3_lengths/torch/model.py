"""Voices: L3: one answer for each series; the data says how many of its steps are there.

    model Voices(sound: float(pad=lengths)[B, T, 12]) -> float[B, 9] {
        sound -> batch_norm -> lstm(32, return=sequence) -> lstm(32) -> dense(9)
    }

Compiled by seqspec 0.1.0 from the spec l3_lengths.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Voices(nn.Module):
    """sound [B, T, 12], sound_lengths [B] -> [B, 9]"""

    def __init__(self) -> None:
        super().__init__()
        self.batch_norm = nn.BatchNorm1d(12, eps=0.001, momentum=0.01)  # Keras's momentum: 0.99
        self.lstm = nn.LSTM(12, 32, batch_first=True)
        self.lstm_1 = nn.LSTM(32, 32, batch_first=True)
        self.dense = nn.Linear(32, 9)
        self.reset_parameters()

    def forward(self, sound: Tensor, sound_lengths: Tensor) -> Tensor:
        mask = torch.arange(sound.shape[1], device=sound.device) < sound_lengths[:, None]  # [B, T]
        x = normalise(self.batch_norm, sound, mask)  # [B, T, 12]
        x, _ = over_data(self.lstm, x, mask)  # [B, T, 32]
        _, (h_n, _) = over_data(self.lstm_1, x, mask)  # h_n [1, B, 32]
        return self.dense(h_n[-1])  # [B, 9]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.lstm)
        initialise_lstm(self.lstm_1)

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


def over_data(rnn: nn.RNNBase, x: Tensor, mask: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """A module over the data alone: its output at each step, and its last state.

    At padding the output before it stands again, as in Keras.
    """
    counts = mask.sum(1).cpu()
    if not counts.all():
        raise ValueError("a sequence has no step that is data")
    packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
    packed, last = rnn(packed, state)
    steps, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    place = mask.cumsum(1) - 1  # of each step among the data; padding has that of the step before
    steps = steps.gather(1, place.clamp(min=0)[..., None].expand(-1, -1, steps.shape[-1]))
    return steps, last


def normalise(norm: nn.BatchNorm1d, x: Tensor, mask: Tensor) -> Tensor:
    """Batch norm of [B, T, F] with the mean and variance of the data alone."""
    if not norm.training:
        return norm(x.mT).mT
    data = x[mask]  # [steps of data, F]
    mean, variance = data.mean(0), data.var(0, correction=0)
    share = norm.momentum or 0.0  # of the new batch
    with torch.no_grad():
        norm.get_buffer("running_mean").lerp_(mean, share)
        norm.get_buffer("running_var").lerp_(variance, share)
    x = (x - mean) * torch.rsqrt(variance + norm.eps)
    return x * norm.weight + norm.bias if norm.affine else x


def build_model() -> Voices:
    """The model with fresh weights."""
    return Voices()
