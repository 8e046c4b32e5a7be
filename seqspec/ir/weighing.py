"""Columns and arrays that weigh samples, or their steps, in a loss."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.diagnostics import codes
from seqspec.ir.feeding import Feeder
from seqspec.ir.files import Array
from seqspec.ir.task import SampleWeight
from seqspec.shapes.dim import show


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
        shape = one.value.tensor.shape[:-1]
        per_step = len(shape) == 2 and (feeder.windows is not None or array is None)
        if array is not None and feeder.windows is None:
            sizes = tuple(d.value for d in shape[1:])
            per_step = len(array.shape) == 2 == len(shape)
            fits = all(a in (None, b) for a, b in zip(sizes, array.shape[1:], strict=False))
            if len(array.shape) > len(shape) or not fits or array.kind not in "fiub":
                unit = "step, " + show(shape) if len(shape) > 1 else "sample, " + show(shape)
                actual = str(list(array.shape))
                help = "save one number for each sample, or for each step"
                finding = codes.WEIGHT_SHAPE(wanted=unit, actual=actual)
                feeder.sink.report(finding, one.loss.span, help=help)
                return None
        weights[one.output] = SampleWeight(name, per_step)
    return weights
