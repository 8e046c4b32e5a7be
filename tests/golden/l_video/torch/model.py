"""Video.

    model Frame(pixels: float[B, 24, 32, 3]) -> float[B, 16] {
        pixels -> conv_2d(8, 3, activation=relu) -> max_pooling_2d
            -> conv_2d(16, [3, 5], strides=2, padding=same, activation=relu)
            -> global_average_pooling_2d
    }

    model Video(film: float[B, T, 24, 32, 3]) -> float[B, 6] {
        film -> each(Frame) -> lstm(32) -> dense(6)
    }

Compiled by seqspec 0.1.0 from the spec l_video.seq, quoted above.
The program needs PyTorch, numpy and safetensors. It is yours to edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Frame(nn.Module):
    """Frames over time: each is read by the same convolutions, what was seen is remembered.

    pixels [B*T, 24, 32, 3] -> [B*T, 16]
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_2d = nn.Conv2d(3, 8, 3)
        self.conv_2d_1 = nn.Conv2d(8, 16, (3, 5), stride=2)
        self.reset_parameters()

    def forward(self, pixels: Tensor) -> Tensor:
        x = torch.relu(self.conv_2d(pixels.movedim(-1, 1)).movedim(1, -1))  # [B*T, 22, 30, 8]
        x = functional.max_pool2d(x.movedim(-1, 1), 2).movedim(1, -1)  # [B*T, 11, 15, 8]
        # [B*T, 6, 8, 16]
        x = torch.relu(self.conv_2d_1(pad_same_2d(x.movedim(-1, 1), (3, 5), (2, 2))).movedim(1, -1))
        return x.mean((1, 2))  # [B*T, 16]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
        nn.init.xavier_uniform_(self.conv_2d.weight)
        nn.init.zeros_(self.conv_2d.bias)

        nn.init.xavier_uniform_(self.conv_2d_1.weight)
        nn.init.zeros_(self.conv_2d_1.bias)


class Video(nn.Module):
    """film [B, T, 24, 32, 3] -> [B, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.frame = Frame()
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.dense = nn.Linear(32, 6)
        self.reset_parameters()

    def forward(self, film: Tensor) -> Tensor:
        x = self.frame(film.flatten(0, 1)).unflatten(0, film.shape[:2])  # [B, T, 16]
        _, (h_n, _) = self.lstm(x)  # h_n [1, B, 32]
        return self.dense(h_n[-1])  # [B, 6]

    def reset_parameters(self) -> None:
        """Fresh weights, from the distributions that Keras draws from."""
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


def pad_same_2d(
    x: Tensor, window: tuple[int, int], stride: tuple[int, int], value: float = 0.0
) -> Tensor:
    """[B, C, H, W] with rows and columns around, so that windows begin at each stride-th one."""
    widths: list[int] = []
    for size, reach, step in zip(x.shape[:1:-1], window[::-1], stride[::-1], strict=True):
        missing = max((-(-size // step) - 1) * step + reach - size, 0)
        widths += [missing // 2, missing - missing // 2]
    return functional.pad(x, widths, value=value)


def build_model() -> Video:
    """The model with fresh weights."""
    return Video()
