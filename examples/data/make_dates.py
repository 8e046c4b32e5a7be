"""Make dates.npz: dates written out in several languages, to be rewritten as ISO dates.

The phrases come from the Unicode CLDR through Babel (``pip install babel numpy``):

    python make_dates.py dates.npz

Each sample is a different day between 1950 and 2049, so no day of one part of a split occurs in
another. Characters are ids into ``source_characters`` and ``target_characters``, which the file
holds too. Sources are padded on the left with id 0, an ordinary character to the model, so that
the text's end is always the last step. ``previous`` is ``target`` one step late behind a start id.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from babel.dates import format_date

DAYS = 8000
LANGUAGES = ("cs", "de", "en", "es", "fr", "it", "nl", "sv")
FORMATS = ("full", "long", "medium")
FIRST = date(1950, 1, 1)
LAST = date(2049, 12, 31)
BLANK = "\N{OPEN BOX}"
TARGET_CHARACTERS = "0123456789-^"  # the last one starts a text


def main(path: Path) -> None:
    """Write the arrays: source [N, S], previous and target [N, 10], uint8."""
    rng = np.random.default_rng(0)
    offsets = rng.choice((LAST - FIRST).days + 1, size=DAYS, replace=False)
    phrases: list[str] = []
    answers: list[str] = []
    for offset in offsets.tolist():
        day = FIRST + timedelta(days=offset)
        language = LANGUAGES[rng.integers(len(LANGUAGES))]
        style = FORMATS[rng.integers(len(FORMATS))]
        phrases.append(format_date(day, style, locale=language).lower())
        answers.append(day.isoformat())

    source_characters = BLANK + "".join(sorted(set("".join(phrases))))
    length = max(len(phrase) for phrase in phrases)
    padded = [phrase.rjust(length, BLANK) for phrase in phrases]
    started = [TARGET_CHARACTERS[-1] + answer[:-1] for answer in answers]
    np.savez_compressed(
        path,
        source=ids(padded, source_characters),
        previous=ids(started, TARGET_CHARACTERS),
        target=ids(answers, TARGET_CHARACTERS),
        source_characters=np.array(list(source_characters)),
        target_characters=np.array(list(TARGET_CHARACTERS)),
    )
    print(f"{len(phrases)} dates, {length} steps, {len(source_characters)} source characters")


def ids(texts: list[str], characters: str) -> np.ndarray:
    """Texts of one length as ids [N, length]."""
    number = {character: index for index, character in enumerate(characters)}
    return np.array([[number[character] for character in text] for text in texts], dtype=np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
