"""A data section against a model: columns and arrays against inputs, shapes of targets."""

from __future__ import annotations

from pathlib import Path

from seqspec.diagnostics.model import Sink
from seqspec.ir.arrays import Arrays
from seqspec.ir.feeding import Fed
from seqspec.ir.graph import Graph
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.ir.tables import Table


def feed(
    section: Section,
    graph: Graph,
    trained: tuple[Trained, ...],
    folder: Path,
    override: Path | None,
    sink: Sink,
) -> Fed | None:
    """Bind a data section to the model it feeds; None after reporting what does not fit.

    ``trained`` are its outputs, with the targets that are wanted. ``folder`` is the spec's,
    ``override`` a file to read instead of the one that is written.
    """
    tabular = section.values["source"].entry.facts["tabular"]
    feeder = Table if tabular else Arrays
    return feeder(section, graph, trained, folder, override, sink).feed()
