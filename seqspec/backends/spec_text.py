"""The text of a spec for the head of a program."""

from __future__ import annotations

import re

from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task

#: What can hold a brace that does not count, and the braces.
_TOKEN = re.compile(r'#[^\n]*|"(?:\\.|[^"\\])*"|[{}]')


def declarations(task: Task) -> list[str]:
    """The declarations of the models that a task is made of, in the order of the spec."""
    found: dict[int, str] = {}
    for graph in _graphs(task.graph):
        start = task.spec_text.rfind(graph.signature, 0, graph.span.start + len(graph.signature))
        if start >= 0 and graph.signature:
            end = closing(task.spec_text, start + len(graph.signature))
            found[start] = task.spec_text[start:end].strip()
    return [found[start] for start in sorted(found)]


def _graphs(graph: Graph) -> list[Graph]:
    inner = [g for unit in graph.units if isinstance(unit, SubModel) for g in _graphs(unit.graph)]
    return [*inner, graph]


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
