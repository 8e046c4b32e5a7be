"""Sequences of lengths of their own: which axes of the inputs they run along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir.graph import Value
from seqspec.ir.sections import Section
from seqspec.ir.streams import streamed
from seqspec.shapes.dim import Shape, show
from seqspec.types import Tensor

Ports = Iterable[tuple[Value, Tensor]]


def axis(shape: Shape) -> str | None:
    """The name of a shape's time axis, if it is a size to be found."""
    return shape[1].symbol if len(shape) > 1 else None


def axes(ports: Ports, section: Section, sink: Sink) -> dict[str, str] | None:
    """Each time axis along which samples differ in length, with the array of its lengths.

    Empty if the source names no lengths; None after reporting that they make no sense.
    """
    lengths: tuple[str, ...] | None = section.values["source"].args.get("lengths")
    if lengths is None or streamed(section):  # then they are those of the series
        return {}
    at = section.at("source", lengths[0])
    if section.values["windows"] is not None:
        what = "`lengths` tells samples apart, but windows are cut out of one long series"
        sink.report(
            codes.FORBIDDEN_VALUE(what=what),
            at,
            labels=(Label(section.at("windows"), "the windows"),),
            help="leave out one of them",
        )
        return None
    if not no_gaps(section, sink):
        return None
    found = list(dict.fromkeys(name for _, type_ in ports if (name := axis(type_.shape))))
    if len(found) == len(lengths):
        return dict(zip(found, lengths, strict=True))
    said = ", ".join(f"`{name}`" for name in found) or "none"
    what = f"`lengths` names {len(lengths)} arrays, one for each time axis of the inputs, "
    what += f"but those with a name are: {said}"
    help = "name the time axis, as in float[B, T, 2]" if not found else "order them as the axes are"
    sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
    return None


def no_gaps(section: Section, sink: Sink) -> bool:
    """Whether nothing fills the gaps of one sequence out of another; reports if not."""
    if section.values["missing"] == "error":
        return True
    what = f"`missing = {section.values['missing']}` would fill one sequence out of another"
    help = "leave it out, and fill the gaps where the file is made"
    sink.report(codes.FORBIDDEN_VALUE(what=what), section.at("missing"), help=help)
    return False


def padded(
    ports: Ports, ragged: Mapping[str, str], train: Section, data: Section, sink: Sink
) -> bool:
    """Whether samples of different lengths can share a batch: their types say how to pad."""
    if train.values["batch_size"] == 1:
        return True
    bare = [
        (port, type_) for port, type_ in ports if axis(type_.shape) in ragged and type_.pad is None
    ]
    for port, type_ in bare:
        bound = "" if type_.bound is None else f"{type_.bound}, "
        written = f"{type_.kind}({bound}pad=0){show(type_.shape)}"
        sink.report(
            codes.NO_PADDING(port=port.name, declared=type_),
            port.span,
            labels=(Label(data.at("source"), "its samples differ in length"),),
            help=f"say what stands behind the end of a sequence: `{written}`",
            fix=Fix(port.span, written),
        )
    return not bare
