"""The command line as its users meet it: what is printed, exit codes, what is left on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TOPIC = """\
# What a text is about.
param units = 128

model Topic(text: token(1000)[B, T]) -> float[B, 10] {
    text -> embedding(64) -> lstm(units) -> dense(10)
}
"""

LEVEL = """\
model Level(tanks: float[B, 4, 2]) -> float[B, 1] {
    tanks -> lstm(4) -> dense(1)
}

data readings {
    source  = csv("tanks.csv", columns=[pressure, level])
    windows = sliding(steps=4)
    split   = chronological(train=60%, validation=20%)
    scale   = standard()
    target  = [level]
}

train Level {
    data       = readings
    loss       = mse
    metrics    = [rmse]
    batch_size = 8
    epochs     = 2
}
"""

TANKS = "pressure,level\n" + "".join(f"{1 + i / 50:.2f},{i % 7 / 7:.3f}\n" for i in range(60))


def seqspec(
    *arguments: str, cwd: Path, code: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run seqspec in a process of its own; ``code`` is run there before it."""
    program = f"import sys\n{code}\nfrom seqspec.cli import main\nsys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Everything in a folder: names and contents."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def one_message(text: str, *parts: str) -> None:
    """Exactly one error, no traceback, with all parts."""
    assert "Traceback" not in text, text
    assert sum(line.startswith("error") for line in text.splitlines()) == 1, text
    for part in parts:
        assert part in text, text
