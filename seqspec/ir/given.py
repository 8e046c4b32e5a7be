"""Weights that begin with the numbers of a file: which they are, and what the file's head says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir import files
from seqspec.ir.files import Unreadable
from seqspec.ir.graph import Graph, Layer, SubModel, Value
from seqspec.ir.task import Task, Training
from seqspec.shapes.dim import show
from seqspec.vocabulary.spec import OwnedWeight

_NUMBERS = "fiu"  # numpy's kinds: floats, signed and unsigned whole numbers


def weights(graph: Graph) -> Iterator[tuple[str, OwnedWeight]]:
    """The weights that begin with a file, by their canonical names."""
    for path, weight in graph.all_weights():
        if weight.initializer.entry.facts.get("file"):
            yield path, weight


def word_columns(task: Task) -> Mapping[str, str]:
    """The column whose words have the vectors of a text file, for each such weight."""
    found = {} if task.training is None else _columns(task.graph, task.training)
    return {path: column for path, (column, *_) in found.items()}


def _columns(graph: Graph, training: Training) -> dict[str, list[str]]:
    """The columns of texts that flow into what has vectors of words, by the name of the weight."""
    data = training.data
    if not data.vocabulary:
        return {}
    found: dict[str, list[str]] = {}
    known = {
        value: data.inputs[value.name][0] for value in graph.inputs if value.name in data.inputs
    }
    for path, column in _reading(graph, known, ""):
        columns = found.setdefault(path, [])
        if column not in columns:
            columns.append(column)
    return found


def _reading(graph: Graph, texts: Mapping[Value, str], prefix: str) -> Iterator[tuple[str, str]]:
    """What has vectors of words, and the column that flows into it; in called models, too."""
    for node in graph.nodes:
        path = f"{prefix}{node.unit.name}/"
        if isinstance(node.unit, SubModel):
            ports = zip(node.unit.graph.inputs, node.inputs, strict=False)
            inside = {port: texts[value] for port, value in ports if value in texts}
            yield from _reading(node.unit.graph, inside, path)
        elif node.inputs and node.inputs[0] in texts:
            for weight in node.unit.weights:
                if weight.initializer.entry.facts.get("file") == "text":
                    yield f"{path}{weight.name}", texts[node.inputs[0]]


def check(graph: Graph, training: Training | None, folder: Path, sink: Sink) -> None:
    """Report what is wrong with the files of a model's weights, as far as their heads tell."""
    columns = {} if training is None else _columns(graph, training)
    for layer, path, weight in _owned(graph, ""):
        facts = weight.initializer.entry.facts
        if not facts.get("file"):
            continue
        if facts["file"] == "text" and path not in columns:
            what = f"nothing tells which words the rows of `{path}` are of"
            help = "let texts of the data flow into the embedding, and train the model that has it"
            sink.report(codes.BAD_GIVEN(reason=what), layer.span, help=help)
        elif len(several := columns.get(path, [])) > 1:
            listed = " and ".join(f"`{column}`" for column in several)
            what = f"{listed} have a vocabulary each, so the rows of `{path}` are of no one's words"
            help = "write an embedding for each of them"
            sink.report(codes.BAD_GIVEN(reason=what), layer.span, help=help)
        elif not weight.initializer.args.get("trainable", True) and layer.spec.args:
            what = f"`trainable` of `{weight.initializer.name}` is for weights of a model's own"
            help = "write trainable=false in the embedding, or `freeze` in the train section"
            sink.report(codes.FORBIDDEN_VALUE(what=what), layer.span, help=help)
        else:
            _check_file(layer, path, weight, folder, sink)


def _owned(graph: Graph, prefix: str) -> Iterator[tuple[Layer, str, OwnedWeight]]:
    for unit in graph.units:
        if isinstance(unit, SubModel):
            yield from _owned(unit.graph, f"{prefix}{unit.name}/")
        else:
            for weight in unit.weights:
                yield unit, f"{prefix}{unit.name}/{weight.name}", weight


def _check_file(layer: Layer, path: str, weight: OwnedWeight, folder: Path, sink: Sink) -> None:
    file = str(weight.initializer.args["path"])
    shown = f"`{file}`"
    if not os.path.isfile(folder / file):  # false for names that no system takes
        help = "paths are relative to the spec; its shape cannot be checked"
        sink.report(codes.NO_GIVEN(path=shown, weight=path), layer.span, help=help)
        return
    words = weight.initializer.entry.facts["file"] == "text"
    found = _vectors(folder / file, weight) if words else _array(folder / file)
    if isinstance(found, Unreadable):
        reason = f"cannot take `{path}` from {shown}: {found.reason}"
        help = "it is UTF-8 text with a word and its numbers in each line, spaces between them"
        help = help if words else "write it with numpy.save: floats; objects are never unpickled"
        sink.report(codes.BAD_GIVEN(reason=reason), layer.span, help=help)
        return
    wanted = [dim.value for dim in weight.shape]
    if None in wanted or wanted == found:
        return
    actual = f"vectors of {found[1]} numbers" if words else str(found)
    finding = codes.GIVEN_SHAPE(weight=path, shape=show(weight.shape), path=shown, actual=actual)
    help = "weights are laid out as in Keras: a kernel is [inputs, outputs]"
    sink.report(finding, layer.span, help=f"write {found[1]} as the width" if words else help)


def _vectors(path: Path, weight: OwnedWeight) -> list[int | None] | Unreadable:
    """The shape that a table of a text file's vectors has: as many rows as the weight."""
    width = files.vectors(path)
    return width if isinstance(width, Unreadable) else [weight.shape[0].value, width]


def _array(path: Path) -> list[int | None] | Unreadable:
    """The shape of the array in a npy file."""
    arrays = files.arrays(path, "npy")
    if isinstance(arrays, Unreadable):
        return arrays
    if arrays[""].kind not in _NUMBERS:
        return Unreadable("it holds no numbers")
    return list(arrays[""].shape)
