"""Columns and arrays that weigh samples, or their steps, in a loss."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.diagnostics import codes
from seqspec.ir import ragged
from seqspec.ir.feeding import Feeder
from seqspec.ir.files import Array
from seqspec.ir.outputs import Trained
from seqspec.ir.task import SampleWeight
from seqspec.shapes.dim import show

# numpy's kinds of elements: floats, signed and unsigned whole numbers, truth values.
_NUMBERS = "fiub"


def sample_weights(
    feeder: Feeder, found: Mapping[str, Array | None] | None
) -> dict[str, SampleWeight] | None:
    """The columns or arrays that weigh losses; None after reporting those that do not fit.

    ``found`` are those that are there; an array has one entry for each sample or each step.
    """
    weights: dict[str, SampleWeight] = {}
    for one in feeder.trained:
        name: str | None = one.loss.setting.args["sample_weight"]
        if name is None:
            continue
        if found is not None and name not in found:
            what = "column" if feeder.tabular else "array"
            feeder.missing(what, name, found, "source", one.loss.span)
            return None
        array = None if found is None else found[name]
        lengths = _lengths(feeder, one, found)
        if array is not None and lengths is not None and _one_number(array):
            # One after another in both cases: how many there are tells what they weigh.
            weights[one.output] = SampleWeight(name, array.shape[0] != lengths.shape[0])
            continue
        shape = one.value.tensor.shape[:-1]
        per_step = len(shape) == 2 and (feeder.windows is not None or array is None)
        if array is not None and feeder.windows is None:
            sizes = tuple(d.value for d in shape[1:])
            per_step = len(array.shape) == 2 == len(shape)
            fits = len(array.shape) <= len(shape) and all(
                a in (None, b) for a, b in zip(sizes, array.shape[1:], strict=False)
            )
            if not fits or lengths is not None or array.kind not in _NUMBERS:
                unit = "step, " + show(shape) if len(shape) > 1 else "sample, " + show(shape)
                actual = str(list(array.shape))
                help = "save one number for each sample, or for each step"
                finding = codes.WEIGHT_SHAPE(wanted=unit, actual=actual)
                feeder.sink.report(finding, one.loss.span, help=help)
                return None
        weights[one.output] = SampleWeight(name, per_step)
    return weights


def _lengths(
    feeder: Feeder, one: Trained, found: Mapping[str, Array | None] | None
) -> Array | None:
    """The lengths of the sequences whose steps an output has, if it has such steps."""
    shape = one.value.tensor.shape
    axis = ragged.axis(shape) if len(shape) > 2 else None
    name = feeder.ragged.get(axis) if axis else None
    return found.get(name) if name and found else None


def _one_number(array: Array) -> bool:
    return len(array.shape) == 1 and array.kind in _NUMBERS
