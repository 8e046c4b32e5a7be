"""Which steps of an output are data, worked out from the arrays of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seqspec.ir.masks import AnyOf, Beside, ByLengths, ByToken, ByValue, Mask, Reversed, Whole

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def steps_of(mask: Mask, inputs: Mapping[str, Array]) -> Array | None:
    """A mask [samples, steps]; None where only the model knows how many steps there are."""
    import numpy as np

    match mask:
        case ByToken():
            return inputs[mask.port] != mask.pad
        case ByValue():
            return (inputs[mask.port] != mask.pad).any(axis=-1)
        case ByLengths():
            shape: tuple[int, ...] = inputs[mask.port].shape
            return np.arange(shape[1]) < inputs[mask.lengths][:, None]
        case Reversed():
            inner = steps_of(mask.mask, inputs)
            return None if inner is None else inner[:, ::-1]
        case AnyOf() | Beside():
            parts = [part for m in mask.masks if (part := steps_of(m, inputs)) is not None]
            if len(parts) < len(mask.masks):
                return None
            joined = isinstance(mask, AnyOf)
            return np.logical_or.reduce(parts) if joined else np.concatenate(parts, axis=1)
        case Whole() if mask.steps.value is not None:
            return np.ones((len(next(iter(inputs.values()))), mask.steps.value), bool)
        case _:
            return None
