"""Options.

    model Options(readings: float[B, 12, 5]) -> float[B, 12, 6] {
        masked = readings -> lstm(16, dropout=0.2, return=sequence)
        looped = masked -> gru(16, dropout=0.2, recurrent_dropout=0.3, return=sequence)
        both = looped -> bidirectional(gru(8, dropout=0.1, return=sequence))
        behind = both -> simple_rnn(8, go_backwards=true, unroll=true, return=sequence) -> reverse
        concat(both, behind) -> lstm(8, recurrent_activation=hard_sigmoid, return=sequence) ->
            dense(6)
    }

Compiled by seqspec 0.1.0 from the spec l1_options.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DropoutGRU(nn.Module):
    """nn.GRU with dropout of inputs and state, which it does not offer."""

    def __init__(self, inputs: int, units: int, dropout: float, recurrent_dropout: float) -> None:
        super().__init__()
        self.units = units
        self.kernel = nn.Linear(inputs, 3 * units)
        self.recurrent_kernel = nn.Linear(units, 3 * units)
        self.dropout = nn.Dropout(dropout)
        self.recurrent_dropout = nn.Dropout(recurrent_dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, inputs] -> every step [B, T, units], the last state [B, units]"""
        h = x.new_zeros(len(x), self.units)
        # What is dropped of the inputs: a mask for each gate, the same at every step.
        kept = self.dropout(x.new_ones(3, len(x), 1, x.shape[-1]))
        kernel = self.kernel.weight.unflatten(0, (3, -1))  # [3, units, inputs]
        bias = self.kernel.bias.view(3, 1, -1)
        products = torch.einsum("gbtf,guf->tgbu", x * kept, kernel) + bias
        # The same for the state.
        kept = self.recurrent_dropout(x.new_ones(3, len(x), self.units))
        recurrent_kernel = self.recurrent_kernel.weight.unflatten(0, (3, -1)).mT
        recurrent_bias = self.recurrent_kernel.bias.view(3, 1, -1)
        steps: list[Tensor] = []
        for inputs in products:  # [3, B, units]
            z, r, n = inputs
            z_h, r_h, n_h = (h * kept) @ recurrent_kernel + recurrent_bias
            z, r = torch.sigmoid(z + z_h), torch.sigmoid(r + r_h)
            n = torch.tanh(n + r * n_h)
            h = z * h + (1 - z) * n
            steps.append(h)
        return torch.stack(steps, dim=1), h


class HardSigmoidLSTM(nn.Module):
    """nn.LSTM with hard_sigmoid in place of sigmoid, which it does not offer."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.kernel = nn.Linear(inputs, 4 * units)
        self.recurrent_kernel = nn.Linear(units, 4 * units, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x [B, T, inputs] -> every step [B, T, units], the last state [B, units]"""
        h = c = x.new_zeros(len(x), self.units)
        steps: list[Tensor] = []
        for inputs in self.kernel(x).unbind(1):  # the product with all inputs at once
            i, f, g, o = (inputs + self.recurrent_kernel(h)).chunk(4, dim=-1)
            i = functional.hardsigmoid(i)
            f = functional.hardsigmoid(f)
            o = functional.hardsigmoid(o)
            c = f * c + i * torch.tanh(g)
            h = o * torch.tanh(c)
            steps.append(h)
        return torch.stack(steps, dim=1), (h, c)


class Options(nn.Module):
    """readings [B, 12, 5] -> [B, 12, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.masked_lstm_dropout = nn.Dropout1d(0.2)  # the same features at every step
        self.masked_lstm = nn.LSTM(5, 16, batch_first=True)
        self.looped_gru = DropoutGRU(16, 16, dropout=0.2, recurrent_dropout=0.3)
        self.both_bidirectional_dropout = nn.Dropout1d(0.1)
        self.both_bidirectional_forward = nn.GRU(16, 8, batch_first=True)
        self.both_bidirectional_backward = nn.GRU(16, 8, batch_first=True)
        self.behind_simple_rnn = nn.RNN(16, 8, batch_first=True)
        self.lstm = HardSigmoidLSTM(24, 8)
        self.dense = nn.Linear(8, 6)
        self.reset_parameters()

    def forward(self, readings: Tensor) -> Tensor:
        masked, _ = self.masked_lstm(self.masked_lstm_dropout(readings.mT).mT)  # [B, 12, 16]
        looped, _ = self.looped_gru(masked)  # [B, 12, 16]
        # [B, 12, 8]
        ahead, _ = self.both_bidirectional_forward(self.both_bidirectional_dropout(looped.mT).mT)
        # [B, 12, 8]
        back, _ = self.both_bidirectional_backward(
            self.both_bidirectional_dropout(looped.flip(1).mT).mT
        )
        both = torch.cat([ahead, back.flip(1)], dim=-1)  # [B, 12, 16]
        x, _ = self.behind_simple_rnn(both.flip(1))  # [B, 12, 8], last step first
        behind = x.flip(1)  # [B, 12, 8]
        x = torch.cat([both, behind], dim=-1)  # [B, 12, 24]
        x, _ = self.lstm(x)  # [B, 12, 8]
        return self.dense(x)  # [B, 12, 6]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        initialise_lstm(self.masked_lstm)
        initialise_dropout_gru(self.looped_gru)
        initialise_gru(self.both_bidirectional_forward)
        initialise_gru(self.both_bidirectional_backward)
        initialise_rnn(self.behind_simple_rnn)
        initialise_hard_sigmoid_lstm(self.lstm)

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


def initialise_dropout_gru(gru: DropoutGRU) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    nn.init.xavier_uniform_(gru.kernel.weight)
    nn.init.orthogonal_(gru.recurrent_kernel.weight)
    nn.init.zeros_(gru.kernel.bias)
    nn.init.zeros_(gru.recurrent_kernel.bias)


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


def initialise_hard_sigmoid_lstm(lstm: HardSigmoidLSTM) -> None:
    """Fresh weights, from the distributions that Keras draws from."""
    units = lstm.units
    nn.init.xavier_uniform_(lstm.kernel.weight)
    nn.init.orthogonal_(lstm.recurrent_kernel.weight)
    nn.init.zeros_(lstm.kernel.bias)
    nn.init.ones_(lstm.kernel.bias[units : 2 * units])  # the forget gate begins open


def build_model() -> Options:
    """The model with fresh weights."""
    return Options()
