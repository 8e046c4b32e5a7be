"""What can go wrong while a program runs, as diagnostics."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from seqspec.cli.terminal import fail
from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Code


@contextmanager
def reporting(code: Code = codes.BAD_RUN) -> Generator[None]:
    """Turn an error of a run into a message and an exit code."""
    from seqspec.running.errors import RunError

    try:
        yield
    except RunError as error:
        kinds = {
            "data": codes.BAD_DATA,
            "training": codes.TRAINING_STOPPED,
            "resume": codes.CANNOT_RESUME,
            "run": code,
        }
        raise fail(kinds[error.kind](reason=error.message), error.help) from None
