"""Make days.tsv: the dates of dates.npz as texts, written out and as ISO dates.

    python make_days.py dates.npz days.tsv

Only numpy is needed: the file beside this one holds the characters that its ids stand for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

DAYS = 4000


def main(arrays: Path, path: Path) -> None:
    """Write the first days, a tab between both ways to write each."""
    with np.load(arrays) as file:
        written = texts(file["source"][:DAYS], file["source_characters"])
        iso = texts(file["target"][:DAYS], file["target_characters"])
    blank = "\N{OPEN BOX}"  # what phrases are padded with
    lines = [f"{a.lstrip(blank)}\t{b}\n" for a, b in zip(written, iso, strict=True)]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def texts(ids: np.ndarray, characters: np.ndarray) -> list[str]:
    """The texts that rows of ids stand for."""
    return ["".join(characters[row]) for row in ids]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
