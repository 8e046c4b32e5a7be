"""The text of a spec for the head of a program."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from seqspec import __version__
from seqspec.backends.python_text import docstring
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task

#: What can hold a brace that does not count, and the braces.
_TOKEN = re.compile(r'#[^\n]*|"(?:\\.|[^"\\])*"|[{}]')


def about(task: Task, needs: str) -> list[str]:
    """The docstring of ``model.py``: what the model is, the spec's text of it, what it needs."""
    graph = task.graph
    title = f"{graph.name}: {graph.doc}" if graph.doc else f"{graph.name}."
    quoted = (textwrap.indent(text, "    ") for text in declarations(task))
    settings = "\n".join(f"With {name} = {value}." for name, value in task.overrides.items())
    origin = (
        f"Compiled by seqspec {__version__} from the spec {task.spec_name}, quoted above.\n"
        f"The program needs {needs}, numpy and safetensors. It is yours to edit."
    )
    return docstring("\n\n".join(part for part in (title, *quoted, settings, origin) if part))


def declarations(task: Task) -> list[str]:
    """The declarations of the models that a task is made of, in the order of the spec."""
    spans = sorted({graph.span for graph in _graphs(task.graph)})
    return [task.spec_text[span.start : span.end].strip() for span in spans]


def _graphs(graph: Graph) -> Iterator[Graph]:
    """A graph and those of the models in it."""
    yield graph
    for unit in graph.units:
        if isinstance(unit, SubModel):
            yield from _graphs(unit.graph)


def closing(text: str, start: int) -> int:
    """The place behind the brace that closes the first one from ``start`` on."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if token.group() == "}" and depth <= 0:
            return token.end()
    return len(text)


def sets(section: str, key: str) -> bool:
    """Whether a section has a setting of that name, comments and quoted text aside."""
    plain = _TOKEN.sub(lambda found: found.group() if found.group() in "{}" else " ", section)
    return re.search(rf"\b{re.escape(key)}\s*=", plain) is not None
