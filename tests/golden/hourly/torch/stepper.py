"""Hourly, run online: step by step, keeping each lane's state.

Compiled by seqspec 0.1.0 from the spec hourly.seq; yours to edit.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError, safe_open

from data import AIR_COLUMNS, CALENDAR_COLUMNS, Scaling
from model import Hourly, HourlyState

STATE = {"change_lstm/h": (32,), "change_lstm/c": (32,)}  # what is kept of each lane
FORMAT = {"format": "seqspec-state", "format_version": "1", "model": "Hourly"}


class StateError(ValueError):
    """A file does not hold the state of this model; the message says why."""


class Stepper:
    """Hourly for lanes side by side, each of which goes on where it ended.

    What is fed in pieces, down to single steps, gives what it would give all at once.
    Numbers are in original units.
    Lanes are counted from 0; those behind a lane that is removed move up.
    """

    def __init__(self, model: Hourly, scaling: Scaling, device: str = "cpu") -> None:
        self.model = model.to(device).eval()
        self.device = device
        self.scaling = scaling
        self.state = [np.zeros((0, *shape), np.float32) for shape in STATE.values()]

    def __len__(self) -> int:
        """The number of lanes."""
        return len(self.state[0])

    def add(self, lanes: int = 1) -> None:
        """Adds lanes behind the others, with a cleared state."""
        begun = self._begin(lanes)
        self.state = [np.concatenate(pair) for pair in zip(self.state, begun, strict=True)]

    def empty(self) -> Stepper:
        """A stepper of the same model without lanes."""
        other = copy(self)
        other.remove(range(len(self)))
        return other

    def adopt(self, other: Stepper) -> None:
        """Adds the lanes of another stepper behind the others, as they are now."""
        self.state = [np.concatenate(pair) for pair in zip(self.state, other.state, strict=True)]

    def remove(self, lanes: Sequence[int]) -> None:
        """Removes lanes."""
        self.state = [np.delete(kept, list(lanes), axis=0) for kept in self.state]

    def reset(self, lanes: Sequence[int] | None = None) -> None:
        """Puts lanes, all of them if none are named, back to where they began."""
        chosen = slice(None) if lanes is None else list(lanes)
        for kept in self.state:
            kept[chosen] = 0

    def feed(
        self, air: np.ndarray, calendar: np.ndarray, lanes: Sequence[int] | None = None
    ) -> np.ndarray:
        """What the model gives for the next steps of the lanes that are named, or of all.

        air is [lanes, steps, 2].
        calendar is [lanes, steps, 2].
        Their state is then that behind the last step.
        """
        chosen = list(range(len(self)) if lanes is None else lanes)
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"a lane is named twice in {chosen}")
        check("air", air, len(chosen), (2,))
        check("calendar", calendar, len(chosen), (2,))
        air = self._scaled(air, AIR_COLUMNS)
        calendar = self._scaled(calendar, CALENDAR_COLUMNS)
        output, state = self._step((air, calendar), [kept[chosen] for kept in self.state])
        for kept, new in zip(self.state, state, strict=True):
            kept[chosen] = new
        return self.scaling.invert_target(output)

    def save(self, path: Path) -> None:
        """Writes the state of all lanes. The file appears whole or not at all."""
        arrays = dict(zip(STATE, self.state, strict=True))
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_bytes(safetensors.numpy.save(arrays, FORMAT))
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self, path: Path) -> None:
        """Takes the lanes of a file in place of its own.

        Raises StateError, and changes nothing, if the file does not fit the model.
        """
        arrays = read(path)
        self.state = [arrays[name] for name in STATE]

    def _scaled(self, values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """Columns side by side, [..., columns], in the units that the model sees."""
        shift = np.array([self.scaling.shift[name] for name in names])
        factor = np.array([self.scaling.factor[name] for name in names])
        return ((values - shift) / factor).astype(np.float32)

    @torch.no_grad()
    def _begin(self, lanes: int) -> list[np.ndarray]:
        """The state of new lanes before their first step."""
        return [tensor.float().cpu().numpy() for tensor in self.model.zero_state(lanes)]

    @torch.no_grad()
    def _step(
        self, inputs: tuple[np.ndarray, ...], kept: list[np.ndarray]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Steps in the units that the model sees: what it gives, and the state behind them."""
        steps = [torch.from_numpy(array).to(self.device) for array in inputs]
        tensors = [torch.from_numpy(array).to(self.device) for array in kept]
        output, behind = self.model(*steps, HourlyState(*tensors))
        return output.float().cpu().numpy(), [tensor.float().cpu().numpy() for tensor in behind]


def check(name: str, values: np.ndarray, lanes: int, axes: tuple[int, ...]) -> None:
    """Raises ValueError unless an array is of so many lanes, with these axes at each step."""
    if values.ndim != 2 + len(axes) or len(values) != lanes or values.shape[2:] != axes:
        wanted = ", ".join(map(str, (lanes, "steps", *axes)))
        raise ValueError(f"{name} has the shape {list(values.shape)}, not [{wanted}]")


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a state file."""
    if not path.is_file():
        raise StateError(f"there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise StateError(f"{path} is not a state file: {error}") from None
    for key, wanted in FORMAT.items():
        if metadata.get(key) != wanted:
            raise StateError(f"{path} has the {key} {metadata.get(key)!r}, not {wanted!r}")
    shapes = STATE
    if arrays.keys() != shapes.keys():
        raise StateError(f"{path} holds {', '.join(sorted(arrays))}: the state of another model")
    lanes = {len(array) for array in arrays.values()}
    for name, shape in shapes.items():
        if arrays[name].shape[1:] != shape or len(lanes) > 1 or arrays[name].dtype != np.float32:
            raise StateError(
                f"{path}: {name!r} has the shape {list(arrays[name].shape)}, "
                f"the model needs [lanes, {', '.join(map(str, shape))}]"
            )
    return arrays
