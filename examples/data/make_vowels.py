"""Make vowels.npz: nine speakers say two Japanese vowels, as sequences of 12 numbers a step.

The files come with aeon 1.6 (``pip install aeon==1.6.0 numpy``), from the UCI archive:

    python make_vowels.py vowels.npz

``vowel`` holds the steps of all utterances one after another, ``lengths`` how many each has, and
``speaker`` who it was. The archive's own training and test parts are put together.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def main(path: Path) -> None:
    """Write vowel [steps, 12] float32, lengths [N] and speaker [N] uint8."""
    (package,) = find_spec("aeon").submodule_search_locations
    folder = Path(package) / "datasets" / "data" / "JapaneseVowels"
    vowels: list[np.ndarray] = []
    speakers: list[int] = []
    for part in ("TRAIN", "TEST"):
        text = (folder / f"JapaneseVowels_{part}.ts").read_text(encoding="utf-8")
        for line in text.partition("@data\n")[2].split():
            *channels, speaker = line.split(":")
            vowels.append(np.array([c.split(",") for c in channels], dtype=np.float32).T)
            speakers.append(int(speaker) - 1)
    np.savez_compressed(
        path,
        vowel=np.concatenate(vowels),
        lengths=np.array([len(vowel) for vowel in vowels], dtype=np.uint8),
        speaker=np.array(speakers, dtype=np.uint8),
    )
    print(f"{len(vowels)} utterances of {min(map(len, vowels))} to {max(map(len, vowels))} steps")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
