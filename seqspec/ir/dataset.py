"""A data section against a model: columns and arrays against inputs, shapes of targets."""

from __future__ import annotations

from pathlib import Path

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.arrays import Arrays
from seqspec.ir.feeding import Fed
from seqspec.ir.graph import Graph
from seqspec.ir.outputs import Trained
from seqspec.ir.sections import Section
from seqspec.ir.streams import check_data
from seqspec.ir.tables import Table
from seqspec.ir.texts import Texts
from seqspec.vocabulary import ENTRIES


def feed(
    section: Section,
    graph: Graph,
    trained: tuple[Trained, ...],
    folder: Path,
    override: Path | None,
    sink: Sink,
    generate: Section | None = None,
) -> Fed | None:
    """Bind a data section to the model it feeds; None after reporting what does not fit.

    ``trained`` are its outputs, with the targets that are wanted. ``folder`` is the spec's,
    ``override`` a file to read instead of the one that is written, ``generate`` the section that
    says what is fed back.
    """
    facts = section.values["source"].entry.facts
    feeder = Table if facts["tabular"] else Texts if facts.get("text") else Arrays
    if section.values["tokens"] is not None and feeder is not Texts:
        what = "`tokens` says what texts are cut into, but the source holds no texts"
        readers = [e.name for e in ENTRIES["reader"].values() if e.facts.get("text")]
        help = "leave it out, or read texts: " + ", ".join(f"{name}(…)" for name in readers)
        sink.report(codes.FORBIDDEN_VALUE(what=what), section.at("tokens"), help=help)
        return None
    if not check_data(section, graph, trained, sink):
        return None
    return feeder(section, graph, trained, folder, override, sink, generate).feed()
