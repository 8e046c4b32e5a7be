"""Make python_reference.txt: the prose of Python's language reference.

It stands in the standard library itself, as what `help()` shows:

    python3.11 make_python_reference.py python_reference.txt

A line is a paragraph that ends as a sentence does. Each is kept once, where it first stands, since
parts of the reference repeat others; examples and grammar are left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from pydoc_data.topics import topics

SHORTEST = 40
PLAIN = str.maketrans("\u201c\u201d\u2018\u2019\u2013\u2014", "\"\"''--")


def main(path: Path) -> None:
    """Write a paragraph on each line."""
    kept: dict[str, None] = {}
    for topic in sorted(topics):
        for paragraph in re.split(r"\n\s*\n", topics[topic]):
            line = " ".join(paragraph.split()).translate(PLAIN)
            if re.match('[A-Z"]', line) and line.endswith((".", ":")) and len(line) >= SHORTEST:
                kept[line] = None
    path.write_text("\n".join(kept) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(kept)} paragraphs")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
