"""What a backend is, and where to find one.

A backend is a module with the attributes of :class:`Backend`. Its dependencies are those of
seqspec itself: no backend imports the framework that it writes for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Protocol, cast

from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a program: a plain file name and its whole text."""

    path: str
    text: str

    def __post_init__(self) -> None:
        # A program is a flat folder; whatever else a path could mean is a bug in a backend.
        if (
            PurePosixPath(self.path).name != self.path
            or self.path in ("", "..")
            or "\\" in self.path
        ):
            raise ValueError(f"not a plain file name: {self.path!r}")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A documented difference from Keras's behaviour, and why it is there.

    ``subject`` is a word of the language (``"batch_norm"``, ``"rmsprop"``) or of the program.
    """

    subject: str
    difference: str
    reason: str


class Backend(Protocol):
    """The attributes of a backend's module."""

    name: str
    #: layer name -> the function that turns one application of it into program text
    LOWER: Mapping[str, Callable[..., Any]]
    #: layer name -> why there is no lowering, with an alternative
    UNSUPPORTED: Mapping[str, str]
    DEVIATIONS: tuple[Deviation, ...]

    def lower(self, task: Task) -> list[OutputFile]:
        """The program for a task: ``model.py`` and ``weights.py``; with training also
        ``data.py``, ``train.py`` and ``run.py``. Deterministic."""
        ...


#: backend name -> module; imported when first asked for
BACKENDS: Mapping[str, str] = MappingProxyType(
    {"torch": "seqspec.backends.torch", "keras": "seqspec.backends.keras"}
)


def get(name: str) -> Backend:
    """The backend of that name, which must be in :data:`BACKENDS`."""
    return cast(Backend, import_module(BACKENDS[name]))
