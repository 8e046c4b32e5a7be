"""What can go wrong when a program runs, as far as its user can do something about it."""

from __future__ import annotations


class RunError(Exception):
    """A mistake in the surroundings of a run: a file, a folder, a device, the data.

    ``message`` says what was found, in lower case and without a full stop; ``help`` is an
    imperative that says what to do, or empty. ``kind`` tells errors in the ``"data"``, trouble
    while ``"training"`` and what keeps one from a ``"resume"`` from those of the ``"run"`` around.
    """

    def __init__(self, message: str, help: str = "", kind: str = "run") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.kind = kind


def reason(error: OSError) -> str:
    """What the operating system says against a file, without number and name."""
    return (error.strerror or str(error)).lower()
