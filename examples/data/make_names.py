"""Make names.tsv: family names of several languages, to tell the language from the spelling.

The names come with Faker (``pip install Faker``):

    python make_names.py names.tsv

A line is a name and the language that Faker lists it under. Names that several languages share
are left out, for nobody could tell; of each language at most 400 are kept, evenly spread.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

LANGUAGES = {
    "cs": "cs_CZ", "de": "de_DE", "en": "en_GB", "es": "es_ES", "et": "et_EE", "fi": "fi_FI",
    "fr": "fr_FR", "hu": "hu_HU", "is": "is_IS", "it": "it_IT", "lt": "lt_LT", "lv": "lv_LV",
    "nl": "nl_NL", "pl": "pl_PL", "pt": "pt_PT", "ro": "ro_RO", "sl": "sl_SI", "tr": "tr_TR",
}  # fmt: skip
MOST = 400
LEAST = 150


def main(path: Path) -> None:
    """Write a name and its language on each line, in the order of the alphabet."""
    found = {language: names(locale) for language, locale in LANGUAGES.items()}
    shared = Counter(name for listed in found.values() for name in listed)
    lines: list[str] = []
    for language, listed in found.items():
        own = sorted(name for name in listed if shared[name] == 1)
        if len(own) < LEAST:
            print(f"{language} is left out: {len(own)} names")
            continue
        step = max(1, len(own) / MOST)
        kept = [own[int(place * step)] for place in range(min(MOST, len(own)))]
        print(f"{language}: {len(kept)} of {len(own)}")
        lines += [f"{name}\t{language}" for name in kept]
    path.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8", newline="\n")


def names(locale: str) -> set[str]:
    """The family names of a locale, those of one word."""
    provider = import_module(f"faker.providers.person.{locale}").Provider
    lists = [getattr(provider, name, ()) for name in dir(provider) if name.startswith("last_name")]
    listed = {str(name) for one in lists if not callable(one) for name in one}
    return {name for name in listed if name.replace("-", "").replace("'", "").isalpha()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
