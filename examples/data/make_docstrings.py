"""Make docstrings.tsv: sentences of Python's documentation, and which part of it they are from.

They stand in the standard library itself:

    python3.11 make_docstrings.py docstrings.tsv

A line is the first paragraph of a function, method or class, its first 720 characters, and the
package that it is from. The name of the package is put out of the text, for it would tell.
"""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
from pathlib import Path

PACKAGES = ("asyncio", "email", "idlelib", "multiprocessing", "tkinter", "unittest", "xml")
MOST = 420
CHARACTERS = 720


def main(path: Path) -> None:
    """Write a text and its package on each line."""
    library = Path(sysconfig.get_paths()["stdlib"])
    lines: list[str] = []
    seen: set[str] = set()
    for package in PACKAGES:
        texts: list[str] = []
        for file in sorted((library / package).rglob("*.py")):
            if "test" in file.relative_to(library / package).parts[0]:
                continue
            for text in docstrings(ast.parse(file.read_text(encoding="utf-8"))):
                plain = clean(text, package)
                if len(plain.split()) >= 5 and plain not in seen:
                    seen.add(plain)
                    texts.append(plain)
        step = max(1, len(texts) / MOST)
        kept = [texts[int(place * step)] for place in range(min(MOST, len(texts)))]
        print(f"{package}: {len(kept)} of {len(texts)}")
        lines += [f"{text}\t{package}" for text in kept]
    path.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8", newline="\n")


def docstrings(tree: ast.Module) -> list[str]:
    """The first paragraph of each documented thing in a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    return [text.split("\n\n")[0] for text in found if text]


def clean(text: str, package: str) -> str:
    """Words with blanks between them, without the package's name."""
    words = re.findall(r"[A-Za-z_']+|[0-9]+", text)
    name = package.removesuffix("lib")
    return " ".join(word for word in words if name not in word.lower())[:CHARACTERS]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
