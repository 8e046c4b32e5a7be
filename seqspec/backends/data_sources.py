"""What ``data.py`` says of each kind of source and of each scaling, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: modules of the standard library that only this source needs
IMPORTS: Mapping[str, list[str]] = {
    "npz": ["zipfile", "zlib"],
    "python": ["importlib.util", "sys", "traceback"],
}
_READ_DOCS: Mapping[str, str] = {
    "npy": "The array of an npy file, under each of the names.",
    "npz": "The named arrays of an npz file.",
    "python": "The named arrays that a function returns.",
}
#: what numpy raises for files that it cannot make sense of
_LOAD_ERRORS: Mapping[str, str] = {
    "npy": "(ValueError, EOFError)",
    "npz": "(ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)",
}
SCALING_DOCS: Mapping[str, str] = {
    "standard": "Mean and deviation of each {what} over the training part.",
    "minmax": "Least value and range of each {what} over the training part.",
    "pixels": "Each {what} from 0 to 255 becomes one from 0 to 1.",
}

#: the same where each series has a scale of its own
SERIES_SCALING_DOCS: Mapping[str, str] = {
    "standard": "Mean and deviation of each column in each series over the training part.",
    "minmax": "Least value and range of each column in each series over the training part.",
}


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """The template's values; see ``templates/_shared/data/read_arrays.j2``."""

    npy: bool
    python: bool
    doc: str
    load_errors: str
    counted: tuple[str, ...]


def plan_source(name: str, counted: Iterable[str]) -> SourcePlan:
    """Decides how arrays are read; ``counted`` are the statements that check lengths."""
    return SourcePlan(
        npy=name == "npy",
        python=name == "python",
        doc=_READ_DOCS.get(name, ""),
        load_errors=_LOAD_ERRORS.get(name, ""),
        counted=tuple(counted),
    )
