"""Which steps of an output are data, where programs train and score: expressions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seqspec.backends.data_ragged import plan_lengths
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    assign,
    literal,
    mapping,
    statement,
)
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
from seqspec.ir.task import Task, Training
from seqspec.shapes.dim import Dim

#: an input's array, and numbers from 0 on for its steps
Arrays = Callable[[str], str]


def output_mask(task: Task) -> Mask | None:
    """The mask of the only output; None where no loss or score has to know it."""
    return task.terms[0].value.mask if len(task.terms) == 1 else None


_LENGTHS = Code("part.target.lengths")


@dataclass(frozen=True, slots=True)
class Scored:
    """What picks the steps of data out of a part: lines before, and what stands behind arrays.

    ``lengths`` is how many steps each sample has then; ``each`` tells that there are ``steps`` of
    each output, ``flat`` that some are sequences.
    """

    lines: tuple[str, ...] = ()
    select: str = ""
    lengths: Expr = _LENGTHS
    each: bool = False
    flat: bool = False

    def of(self, arrays: str) -> str:
        """What of them is data."""
        arrays = f"map(all_steps, {arrays})" if self.flat else arrays
        if self.each:
            return f"tuple(values[s] for values, s in zip({arrays}, steps, strict=True))"
        return f"tuple({arrays})" if self.flat else arrays + self.select


def plan_scored(task: Task, training: Training) -> tuple[str, ...]:
    """The body of ``evaluate``: what the model makes of a part against its targets."""
    scored = _scored(task, training)
    end = "s" if training.several else ""
    whose = ", part.series" if training.data.scaled_by_series else ""
    steps = plan_lengths(task, training).steps
    prediction = f"predict(model, part.inputs, device){steps}"
    target = f"part.target{end}{steps}"
    lines: list[str] = []
    if training.data.scale is not None:
        invert = f"scaling.invert_target{end}"
        lines += assign(f"prediction{end}", Code(f"{invert}({prediction}{whose})"), indent=4)
        prediction, target = f"prediction{end}", f"{invert}({target}{whose})"
    lines += scored.lines
    given: list[Expr] = [Code(scored.of(prediction)), Code(scored.of(target))]
    given += [Code("part.naive")] if training.forecast else []
    given += [scored.lengths] if training.split_up else []
    call = Call("score", tuple(given))
    return (*lines, *statement("return ", call, indent=4))


def _scored(task: Task, training: Training) -> Scored:
    """How scores leave padding out; sequences of their own lengths hold none.

    Of several outputs, the lines make ``steps``, which has what is data of each.
    """
    if len(task.terms) > 1:
        flat = any(map(training.ragged, task.terms))
        masks = [None if training.ragged(term) else term.value.mask for term in task.terms]
        lengths = mapping(_lengths(task, training))
        if not any(masks):
            return Scored(lengths=lengths, flat=flat)
        steps = [of_arrays(task, m, "part.inputs") if m else Code("slice(None)") for m in masks]
        note = "what is data, of each output"
        lines = assign("steps", Group("(", tuple(steps)), indent=4, note=note)
        return Scored(tuple(lines), lengths=lengths, each=True, flat=flat)
    mask = output_mask(task)
    if mask is None or training.data.ragged:
        return Scored()
    lines = assign("mask", of_arrays(task, mask, "part.inputs"), indent=4)
    return Scored(tuple(lines), "[mask]", Code("mask.sum(axis=1)"))


def _lengths(task: Task, training: Training) -> list[tuple[Expr, Expr]]:
    """How many steps of data each sample has, of the outputs whose scores need to know."""
    found: list[tuple[Expr, Expr]] = []
    for place, term in enumerate(task.terms):
        if training.splits(term):
            one = f"part.targets[{place}].lengths"
            one = one if training.ragged(term) else f"steps[{place}].sum(axis=1)"
            found.append((term.output, Code(one)))
    return found


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
