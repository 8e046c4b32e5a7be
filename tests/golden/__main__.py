"""Rewrite the golden programs: ``python -m tests.golden``. Read the diff before it is kept."""

from __future__ import annotations

from shutil import rmtree

from tests.golden import FOLDER, programs, sources


def main() -> None:
    cases = sources()
    for folder in FOLDER.iterdir():
        if folder.is_dir() and folder.name not in cases:
            rmtree(folder)
    for case, spec in cases.items():
        files = programs(spec)
        for backend in ("torch", "keras"):
            rmtree(FOLDER / case / backend, ignore_errors=True)
        for name, text in files.items():
            path = FOLDER / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{case}: {len(files)} files")


if __name__ == "__main__":
    main()
