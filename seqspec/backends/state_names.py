"""What the tensors of carried state are called in checkpoints, in both programs alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqspec.backends.python_text import Group, assign
from seqspec.ir.graph import Graph


def paths(graph: Graph) -> Iterator[str]:
    """The names of the tensors, such as ``state/lstm/h``; of a graph whose states are explicit."""
    for carry in graph.carried:
        yield from (f"state/{carry.path}/{part}" for part, _ in carry.given.state.parts)


def state_names(names: Sequence[str]) -> tuple[str, ...]:
    """The constant that lists them; nothing if there are none."""
    note = "what is carried from batch to batch, in the order of the model"
    return tuple(assign("CARRIED", Group("(", tuple(names)), note=note)) if names else ()
