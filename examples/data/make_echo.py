"""Writes echo.npz: sixteen sequences of five numbers, drawn at random with the seed 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def main() -> None:
    numbers = np.random.default_rng(1).integers(0, 5, (16, 5, 1)) / 5
    numbers[0] = np.arange(5)[:, None] / 5
    np.savez_compressed(Path(__file__).with_name("echo.npz"), numbers=numbers.astype(np.float32))


if __name__ == "__main__":
    main()
