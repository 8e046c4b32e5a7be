"""What a column of texts is read as, where several inputs and outputs read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from seqspec.diagnostics import codes
from seqspec.ir import ragged
from seqspec.ir.feeding import Feeder
from seqspec.ir.graph import Value
from seqspec.ir.outputs import Trained
from seqspec.ir.task import Target
from seqspec.types import Tensor


def stepwise(output: Tensor, axes: Collection[str]) -> bool:
    """Whether an output has a value for each step of sequences along one of these time axes."""
    return ragged.axis(output.shape) in axes and output.rank > 2


def read_alike(
    feeder: Feeder,
    ports: Sequence[tuple[Value, Tensor]],
    inputs: Mapping[str, tuple[str, ...]],
    targets: Mapping[str, Target],
) -> bool:
    """Whether all that read a column read the same of it; reports if not.

    That is a value for each step or one for each sample, and as many labels.
    """
    steps = {inputs[port.name][0]: type_.rank > 1 for port, type_ in ports}
    tokens = frozenset(steps)
    labels: dict[str, int | None] = {}
    counted = feeder.section.values["tokens"].entry.facts["vocabulary"]
    for one in feeder.trained:
        column, output = targets[one.output].names[0], one.value.tensor
        by_step = stepwise(output, feeder.ragged)
        if feeder.ragged and steps.setdefault(column, by_step) != by_step:
            each, other = ("step", "sample") if by_step else ("sample", "step")
            what = f"an output takes one value for each {each} from `{column}`, "
            return _refuse(feeder, one, what + f"which is read with one for each {other}")
        classes = output.shape[-1].value if output.shape else None
        if column in tokens or not counted or labels.setdefault(column, classes) == classes:
            continue
        what = f"an output has {classes} classes for the labels of `{column}`, "
        return _refuse(feeder, one, what + f"of which another one has {labels[column]}")
    return True


def _refuse(feeder: Feeder, one: Trained, what: str) -> bool:
    help = "compare it with a column of its own"
    feeder.sink.report(codes.FORBIDDEN_VALUE(what=what), one.target.span, help=help)
    return False
