"""Showing how a training goes: a bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from seqspec.running.history import Record, best, decisive


class Reporter(Protocol):
    """What a training tells while it runs. Entered when it begins, left when it ends."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def batch(self, done: int, total: int) -> None:
        """``done`` of the ``total`` batches of this epoch are through."""
        ...

    def epoch(self, record: Mapping[str, float]) -> None:
        """An epoch is over; its record is in the units that the model sees."""
        ...


def reporter(stream: TextIO, epochs: int, before: Sequence[Record] = ()) -> Reporter:
    """The reporter that fits a stream: a bar with the time to go, or lines.

    ``before`` are the records of epochs that a training goes on after.
    """
    return Bar(stream, epochs, before) if stream.isatty() else Lines(stream, epochs)


def numbers(record: Mapping[str, Any]) -> str:
    """A record's numbers for reading: ``loss 0.0123  val_loss 0.0145``."""
    return "  ".join(
        f"{name} {value:.4g}"
        for name, value in record.items()
        if name not in ("epoch", "seconds") and isinstance(value, int | float)
    )


class Lines:
    """One plain line an epoch."""

    def __init__(self, stream: TextIO, epochs: int) -> None:
        self._stream = stream
        self._epochs = epochs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._stream.flush()

    def batch(self, done: int, total: int) -> None:
        pass

    def epoch(self, record: Mapping[str, float]) -> None:
        number = f"{record.get('epoch', 0):.0f}".rjust(len(str(self._epochs)))
        time = f"  {record['seconds']:.1f}s" if "seconds" in record else ""
        # Flushed: somebody may be watching a file or a pipe.
        print(
            f"epoch {number}/{self._epochs}  {numbers(record)}{time}",
            file=self._stream,
            flush=True,
        )


class Bar:
    """A bar over all batches of all epochs, with the latest numbers and the time to go."""

    def __init__(self, stream: TextIO, epochs: int, before: Sequence[Record] = ()) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._console = Console(file=stream, highlight=False)
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[numbers]}", markup=False),
            console=self._console,
        )
        self._epochs = epochs
        self._finished: list[Record] = list(before)
        label = self._label(len(before) + 1)
        self._task = self._progress.add_task("", total=None, epoch=label, numbers="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._progress.stop()

    def batch(self, done: int, total: int) -> None:
        self._progress.update(
            self._task,
            total=self._epochs * total,
            completed=len(self._finished) * total + done,
            epoch=self._label(len(self._finished) + 1),
        )

    def epoch(self, record: Mapping[str, float]) -> None:
        self._finished.append(dict(record))
        leader = best(self._finished)
        assert leader is not None
        place = "val_loss" if "val_loss" in leader else "loss"
        self._progress.update(
            self._task,
            numbers=f"{place} {decisive(dict(record)):.4g}  "
            f"best {decisive(leader):.4g} at {leader.get('epoch', 0):.0f}",
        )

    def _label(self, epoch: int) -> str:
        return f"{min(epoch, self._epochs):>{len(str(self._epochs))}}/{self._epochs}"
