"""Rewrite the messages of the twins: ``python -m tests.twins``. Read the diff before it is kept."""

from __future__ import annotations

from tests.twins import FOLDER, message, twins


def main() -> None:
    known = twins()
    for path in FOLDER.glob("*.txt"):
        if path.stem not in known:
            path.unlink()
    for name, twin in known.items():
        (FOLDER / f"{name}.txt").write_text(message(twin), encoding="utf-8", newline="\n")
    print(f"{len(known)} messages")


if __name__ == "__main__":
    main()
