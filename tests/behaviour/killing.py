"""Trains with a program in processes that are killed, again and again, until one ends by itself.

Run as ``python killing.py PROGRAM RUN:SEED:KILLS …``. The framework is imported once; each
training is a fork. A kill is SIGKILL, at a moment drawn from SEED: half of them just before
something happens to a file of the run, half after some time. Prints a line for each process that
has ended.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = {"open", "os.rename", "os.remove", "os.truncate"}


def die_at_file_event(folder: Path, number: int) -> None:
    """Ends this process before the event of that number, counted over files in the folder."""
    left = number

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS and str(arguments[0]).startswith(str(folder)):
            count()

    sync: Callable[[int], None] = os.fsync

    def counted(descriptor: int) -> None:  # between what is written and what is there for good
        count()
        sync(descriptor)

    os.fsync = counted
    sys.addaudithook(hook)


def train(arguments: list[str], folder: Path, moment: int | float | None) -> int:
    """Trains in a fork; a whole moment is a number of file events, another one seconds."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if isinstance(moment, int):
        die_at_file_event(folder, moment)
    elif moment is not None:
        threading.Timer(moment, os.kill, (os.getpid(), signal.SIGKILL)).start()
    code = 70
    try:
        code = importlib.import_module("run").main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def train_to_its_end(name: str, seed: int, kills: int) -> None:
    """Trains in the folder ``name``; so many times at most it is killed and goes on."""
    folder, rng = Path(name).absolute(), random.Random(seed)
    spent: list[float] = []
    code = -signal.SIGKILL
    while code == -signal.SIGKILL:
        moment: int | float | None = None
        if len(spent) < kills:
            moments = [rng.randint(1, 40), *([rng.uniform(0, max(spent))] if spent else [])]
            moment = rng.choice(moments)
        begun = time.monotonic()
        where = "--resume" if folder.exists() else "--run"
        code = train(["train", where, str(folder)], folder, moment)
        spent.append(time.monotonic() - begun)
        metrics = folder / "metrics.jsonl"
        epochs = len(metrics.read_bytes().splitlines()) if metrics.exists() else 0
        print(f"{name}: epoch {epochs}, {moment}, {'killed' if code else 'finished'}", flush=True)
    if code:
        sys.exit(code)


def main() -> None:
    program, *runs = sys.argv[1:]
    sys.path.insert(0, program)
    importlib.import_module("run")  # that each fork has it, and the framework, already
    if "torch" in sys.modules:
        importlib.import_module("torch._dynamo")  # the first optimizer would, and that takes long
    for each in runs:
        name, seed, kills = each.split(":")
        train_to_its_end(name, int(seed), int(kills))


if __name__ == "__main__":
    main()
