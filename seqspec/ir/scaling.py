"""A scale for each series: whether there are series, and whether each is in the training part."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.ir.feeding import Fed


def scalable(fed: Fed, sink: Sink) -> bool:
    """Whether each series can have a scale of its own, if that is asked for; reports if not."""
    data = fed.data
    if not data.scaled_by_series:
        return True
    if not (data.tabular and data.series):
        why = "nothing tells series apart"
        help = "name the column that does: csv(…, series=…)" if data.tabular else "leave out `per`"
    elif data.split.entry.facts["unit"] != "row":
        why = f"`{data.split.name}` keeps whole series out of the training part"
        help = (
            "scale all series alike: leave out `per`; or cut each in its own time: chronological(…)"
        )
    elif data.streams is not None:
        why, help = "a stream is scaled as a whole", "leave out `per`"
    else:
        return True
    sink.report(codes.NO_SCALE_EACH(why=why), fed.section.at("scale", "series"), help=help)
    return False
