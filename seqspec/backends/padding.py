"""Which steps of an output are data, where programs train and score: expressions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seqspec.backends.python_text import Code, Group, assign, literal
from seqspec.ir.graph import Graph, Value
from seqspec.ir.masks import (
    AnyOf,
    Beside,
    ByLengths,
    ByToken,
    ByValue,
    Mask,
    Reversed,
    Source,
    Whole,
)
from seqspec.ir.task import Task
from seqspec.shapes.dim import Dim

#: an input's array, and numbers from 0 on for its steps
Arrays = Callable[[str], str]


def output_mask(task: Task) -> Mask | None:
    """The mask of the only output; None where no loss or score has to know it."""
    return task.terms[0].value.mask if len(task.terms) == 1 else None


@dataclass(frozen=True, slots=True)
class Scored:
    """What picks the steps of data out of a part: lines before, and what stands behind arrays."""

    lines: tuple[str, ...] = ()
    select: str = ""


def plan_scored(task: Task, *, ragged: bool) -> Scored:
    """How scores leave padding out; sequences of their own lengths hold none.

    Of several outputs, the lines make ``steps``, which has what is data of each.
    """
    if len(task.terms) > 1:
        masks = [term.value.mask for term in task.terms]
        if not any(masks):
            return Scored()
        steps = [of_arrays(task, m, "part.inputs") if m else Code("slice(None)") for m in masks]
        note = "what is data, of each output"
        return Scored(tuple(assign("steps", Group("(", tuple(steps)), indent=4, note=note)))
    mask = output_mask(task)
    if mask is None or ragged:
        return Scored()
    return Scored(tuple(assign("mask", of_arrays(task, mask, "part.inputs"), indent=4)), "[mask]")


def of_arrays(task: Task, mask: Mask, inputs: str) -> Code:
    """A mask of numpy arrays; ``inputs`` is the tuple of the model's inputs."""
    names = [value.name for value in task.graph.inputs]
    return Code(_numpy(mask, lambda port: f"{inputs}[{names.index(port)}]", task.graph))


def _numpy(mask: Mask, array: Arrays, graph: Graph) -> str:
    match mask:
        case Reversed():
            return f"({_numpy(mask.mask, array, graph)})[:, ::-1]"
        case AnyOf():
            return " | ".join(f"({_numpy(part, array, graph)})" for part in mask.masks)
        case Beside():
            parts = ", ".join(_numpy(part, array, graph) for part in mask.masks)
            return f"np.concatenate([{parts}], axis=1)"
        case Whole():
            known = {d.symbol: f"{array(v.name)}.shape[{a}]" for v, a, d in _axes(graph)}
            first = array(graph.inputs[0].name)
            steps = mask.steps.value or known[mask.steps.symbol]
            return f"np.ones((len({first}), {steps}), bool)"
        case _:
            return _source(mask, array)


def _axes(graph: Graph) -> Iterator[tuple[Value, int, Dim]]:
    for value in graph.inputs:
        if not value.parts:
            for axis, dim in enumerate(value.tensor.shape):
                if dim.symbol is not None:
                    yield value, axis, dim


def _source(mask: Source, array: Arrays) -> str:
    x = array(mask.port)
    match mask:
        case ByToken():
            return f"{x} != {mask.pad}"
        case ByValue():
            return f"({x} != {literal(mask.pad)}).any(-1)"
        case ByLengths():
            return f"np.arange({x}.shape[1]) < {array(mask.lengths)}[:, None]"
        case _:
            raise AssertionError("a model that is trained is called by no other")
