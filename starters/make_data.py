"""Writes the small data sets of the starters: ``python starters/make_data.py``.

They are made up, so that each template trains out of the box; what they teach is simple.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
Array = np.ndarray[Any, np.dtype[Any]]


def signals(rng: np.random.Generator, count: int, kind: Array) -> Array:
    """Two features over 24 steps: waves whose frequency tells their kind. [count, 24, 2]"""
    steps = np.arange(24)
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    angle = 2 * np.pi * (kind[:, None] + 1) * steps / 24 + phase
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return (waves + rng.normal(0, 0.2, waves.shape)).round(2).astype(np.float32)


def forecast(rng: np.random.Generator) -> None:
    """A load that follows the hour of the day and the temperature."""
    lines = ["hour,temperature,load"]
    for hour in range(720):
        temperature = 15 - 6 * np.cos(2 * np.pi * (hour - 3) / 24) + rng.normal(0, 0.7)
        load = 50 + 12 * np.sin(2 * np.pi * (hour - 8) / 24) + 0.8 * temperature + rng.normal(0, 1)
        lines.append(f"{hour},{temperature:.1f},{load:.1f}")
    (FOLDER / "forecast" / "load.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def classification(rng: np.random.Generator) -> None:
    """Three kinds of waves."""
    kind = rng.integers(0, 3, 300)
    np.savez_compressed(
        FOLDER / "classification" / "signals.npz", signal=signals(rng, 300, kind), kind=kind
    )


def autoencoder(rng: np.random.Generator) -> None:
    """The same waves, without their kinds."""
    signal = signals(rng, 300, rng.integers(0, 3, 300))
    np.savez_compressed(FOLDER / "autoencoder" / "signals.npz", signal=signal)


def tagging(rng: np.random.Generator) -> None:
    """Words between an opening (1) and a closing (2) one have the tag 1."""
    word = rng.integers(3, 20, (400, 12))
    tag = np.zeros_like(word)
    for row in range(len(word)):
        first, last = sorted(rng.choice(12, 2, replace=False))
        word[row, first], word[row, last] = 1, 2
        tag[row, first + 1 : last] = 1
    np.savez_compressed(FOLDER / "tagging" / "sentences.npz", word=word, tag=tag)


def text(rng: np.random.Generator) -> None:
    """Words below 100 speak for the topic 0, those above for 1; each text has some of both."""
    topic = rng.integers(0, 2, 500)
    own = rng.random((500, 20)) < 0.7
    word = rng.integers(0, 100, (500, 20)) + 100 * (own == topic[:, None].astype(bool))
    np.savez_compressed(FOLDER / "text" / "texts.npz", word=word, topic=topic)


def encoder_decoder(rng: np.random.Generator) -> None:
    """A sequence, and the same backwards; ``previous`` is the target one step late."""
    source = rng.integers(1, 10, (1200, 6))
    target = source[:, ::-1].copy()
    previous = np.concatenate([np.zeros_like(target[:, :1]), target[:, :-1]], axis=1)
    path = FOLDER / "encoder_decoder" / "pairs.npz"
    np.savez_compressed(path, source=source, previous=previous, target=target)


def main() -> None:
    """All of them; each has random numbers of its own."""
    makers = (forecast, classification, autoencoder, tagging, text, encoder_decoder)
    for seed, make in enumerate(makers):
        (FOLDER / make.__name__).mkdir(exist_ok=True)
        make(np.random.default_rng(seed))


if __name__ == "__main__":
    main()
