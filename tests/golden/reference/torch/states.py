"""What Reference carries of each series, in files: a stream goes on where another one ended.

Either program reads what the other one wrote.
Compiled by seqspec 0.1.0 from the spec reference.seq; yours to edit.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

import weights
from data import LANES, Stream

FORMAT = {"format": "seqspec-carried", "format_version": "1", "model": "Reference"}
WIDTHS = {"state/lstm/h": 128, "state/lstm/c": 128}  # what is carried of a lane, and its width


class StateError(ValueError):
    """A file does not hold the state of this model; the message says why."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What series have carried so far."""

    names: tuple[str, ...]
    state: tuple[np.ndarray, ...]  # [series, width] each, as WIDTHS lists them

    def begin(self, stream: Stream) -> list[np.ndarray]:
        """What the lanes of a stream go on from; the state of a series that is new is cleared."""
        begun = [np.zeros((len(stream.names), width), np.float32) for width in WIDTHS.values()]
        places = {name: place for place, name in enumerate(self.names)}
        fresh = [name for name in stream.names if name not in places]
        if fresh and self.names:
            named = ", ".join(fresh[:5]) + (", ..." if len(fresh) > 5 else "")
            print(
                f"note: no state is kept of {len(fresh)} of {len(stream.names)} series, "
                f"which begin with a cleared one: {named}",
                file=sys.stderr,
            )
        for lane, name in enumerate(stream.names):
            if name in places:
                for new, kept in zip(begun, self.state, strict=True):
                    new[lane] = kept[places[name]]
        return begun

    def after(self, stream: Stream, state: list[np.ndarray]) -> Kept:
        """The same after a stream, whose lanes have ended with `state`; others are as they were."""
        read = {*stream.names}
        others = [place for place, name in enumerate(self.names) if name not in read]
        pairs = zip(state, self.state, strict=True)
        return Kept(
            (*stream.names, *(self.names[place] for place in others)),
            tuple(np.concatenate([new, kept[others]]) for new, kept in pairs),
        )


NOTHING = Kept((), tuple(np.zeros((0, width), np.float32) for width in WIDTHS.values()))


def save(path: Path, kept: Kept) -> None:
    """Writes what series have carried. The file appears whole or not at all."""
    arrays = dict(zip(WIDTHS, kept.state, strict=True))
    metadata = {**FORMAT, "lanes": json.dumps(kept.names)}
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(safetensors.numpy.save(arrays, metadata))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: Path) -> Kept:
    """What a file of `save` holds, or one with the weights of a training: that of its lanes.

    Raises StateError if it is not of this model.
    """
    arrays, metadata = read(path)
    names = listed(metadata, "lanes", path)
    for name, width in WIDTHS.items():
        array = arrays.get(name)
        if array is None:
            raise StateError(f"{path} keeps no state: it has no {name!r}")
        if array.shape != (len(names), width) or array.dtype != np.float32:
            raise StateError(
                f"{path}: {name!r} has the shape {list(array.shape)}, of {array.dtype}; "
                f"the model needs [{len(names)}, {width}], of float32"
            )
        if not np.isfinite(array).all():
            raise StateError(f"{path}: {name!r} holds what is no finite number")
    if len(set(names)) < len(names):
        raise StateError(f"{path} names a series twice")
    places = [*range(len(names))]
    if metadata["format"] == weights.FORMAT["format"]:
        last = f" {LANES}/{LANES}"  # a series ends where the last of its lanes does
        places = [place for place in places if names[place].endswith(last)]
        names = [name.removesuffix(last) for name in names]
    return Kept(
        tuple(names[place] for place in places),
        tuple(arrays[name][places] for name in WIDTHS),
    )


def listed(metadata: dict[str, str], key: str, path: Path) -> list[str]:
    """A list of texts out of the metadata of a file."""
    try:
        found = json.loads(metadata.get(key, ""))
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise StateError(f"{path} keeps no state: its metadata have no list {key!r}")
    return found


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a state and the metadata of a file."""
    if not path.is_file():
        raise StateError(f"there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys() if name in WIDTHS}
    except (SafetensorError, OSError) as error:
        raise StateError(f"{path} is no state file: {error}") from None
    found = metadata.get("format")
    if found not in (FORMAT["format"], weights.FORMAT["format"]):
        raise StateError(f"{path} has the format {found!r}, not {FORMAT['format']!r}")
    for key in ("format_version", "model"):
        if metadata.get(key) != FORMAT[key]:
            raise StateError(f"{path} has the {key} {metadata.get(key)!r}, not {FORMAT[key]!r}")
    return arrays, metadata
