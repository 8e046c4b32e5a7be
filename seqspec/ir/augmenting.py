"""What is done to training samples: whether it makes sense for these inputs and targets."""

from __future__ import annotations

from collections.abc import Sequence

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.feeding import Fed
from seqspec.ir.graph import Graph, Value
from seqspec.ir.task import Data, Term


def augmentable(graph: Graph, terms: Sequence[Term], fed: Fed, sink: Sink) -> bool:
    """Whether samples can be augmented as the data section says; reports if not."""
    done: list[str] = []
    for setting in fed.data.augment:
        why, help = "it stands twice", "name it once"
        if setting.name not in done:
            moves = setting.entry.facts["moves"]
            why, help = _unmoved(graph, terms, fed.data) if moves else _unchanged(graph, fed.data)
        if fed.data.streams is not None:
            why, help = _streamed(moves=setting.entry.facts["moves"])
        if why:
            finding = codes.NOT_AUGMENTED(name=setting.name, why=why)
            sink.report(finding, fed.section.at("augment", setting.name), help=help)
            return False
        done.append(setting.name)
    return True


def measured(graph: Graph, data: Data) -> list[Value]:
    """The inputs that hold what is measured: numbers, neither known beforehand nor of a series."""
    apart = (*data.ahead, *data.static)
    return [v for v in graph.inputs if v.tensor.kind == "float" and v.name not in apart]


def in_time(value: Value) -> bool:
    """Whether an input has a time axis."""
    return value.tensor.rank > (1 if value.tensor.kind == "token" else 2)


def _streamed(*, moves: bool) -> tuple[str, str]:
    if moves:
        return "each chunk of a stream goes on where the one before ended", "leave it out"
    why = "it changes samples, and the chunks of a stream are none"
    return why, "put noise into the model: `x -> gaussian_noise(0.1)` adds it in training only"


def _unchanged(graph: Graph, data: Data) -> tuple[str, str]:
    if measured(graph, data):
        return "", ""
    return "no input holds numbers that are measured", "leave it out"


def _unmoved(graph: Graph, terms: Sequence[Term], data: Data) -> tuple[str, str]:
    if data.windows is not None:
        why = "a window that is moved is no longer before its target"
        return why, "windows begin at every step anyhow; make `stride` smaller"
    moving = [value for value in graph.inputs if in_time(value)]
    if not moving:
        return "no input has a time axis", "leave it out"
    first = moving[0]
    for value in moving:
        if value.tensor.kind == "token":
            return f"`{value.name}` holds ids, which stand for themselves", "leave it out"
        if value.mask is not None or data.ragged:
            why = f"the samples of `{value.name}` have lengths of their own"
            return why, "move them where the file is made, before they are padded"
        if value.tensor.shape[1] != first.tensor.shape[1]:
            why = f"`{first.name}` and `{value.name}` have time axes of their own"
            return why, "move them where the file is made"
    for term in terms:
        shape = term.value.tensor.shape
        if len(shape) > 2 and shape[1] != first.tensor.shape[1]:
            why = f"`{term.output}` has other steps than `{first.name}`, so it cannot move along"
            return why, "leave it out, or give an output with the steps of the input"
    return "", ""
