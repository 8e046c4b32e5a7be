"""The plan of several series in one table: told apart by a column, sorted, never mixed in a window.

Rows of a series stand together once they are read; parts and windows are cut out of them. Columns
that only tell rows apart (series, groups) are read as text and are called labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds, names_of
from seqspec.backends.python_text import Code, Group, assign, flat, literal
from seqspec.ir.task import Data


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The template's values; see ``templates/_shared/data/series.j2``.

    ``labels`` tells whether columns of text are read, ``sorts`` whether rows change places,
    ``arranged`` whether predictions therefore name theirs. ``apart`` is
    for several series that are arrays, of which ``counted`` are the lengths; ``read`` is what there
    is once arrays are read. ``cuts`` is for windows out of several series; ``strided``
    tells whether they may leave steps out. ``torn`` series are those that a split into groups
    would tear apart; ``static`` tells that some columns have one value for each series,
    ``scaled`` that each series has a scale of its own.
    """

    labels: bool
    several: bool
    ordered: bool
    arranged: bool
    sorts: bool
    apart: bool
    counted: str
    read: str
    cuts: bool
    strided: bool
    torn: bool
    static: bool
    scaled: bool
    constants: tuple[str, ...]


def cuts_series(data: Data) -> bool:
    """Whether windows are cut out of several series."""
    return data.tabular and bool(data.series) and data.windows is not None


def plan_series(data: Data, feeds: Feeds) -> SeriesPlan:
    """Decides how the rows of a data section are told apart and put in order."""
    series, order = data.series if data.tabular else "", data.order if data.tabular else ""
    group = data.group if data.tabular else ""
    numbers = names_of(feeds.all)
    told = (series, group, feeds.reset)
    labels = tuple(dict.fromkeys(name for name in told if name and name not in numbers))
    lines: list[str] = []
    if series:
        lines += assign("SERIES", series, note="rows that share it are one series")
    if order:
        of = "the rows of a series are" if series else "rows are"
        lines += assign("ORDER", order, note=f"{of} sorted by it")
    if data.group:
        unit = "rows" if data.tabular else "samples"
        lines += assign("GROUP", data.group, note=f"{unit} that share it stay together")
    if feeds.reset:
        lines += assign("RESET", feeds.reset, note="where it changes, carried state is cleared")
    if labels:
        named = {feeds.reset: "RESET", series: "SERIES", group: "GROUP"}
        lines += assign("LABELS", Group("(", tuple(Code(named[name]) for name in labels)),
                        note="columns read as text")  # fmt: skip
    static = tuple(dict.fromkeys(name for port in data.static for name in data.inputs[port]))
    if static:
        lines += assign("STATIC", Group("(", static), note="one value for each series")
    arranged = bool(series or order)
    if arranged:
        row = _fresh("row", (*numbers, *labels))
        lines.append(f"ROW = {literal(row)}  # the place of a row in the file, from 1")
        origin = (Code("SERIES"), Code("ROW")) if series else (Code("ROW"),)
        lines.append(f"ORIGIN = {flat(Group('(', origin))}  # what tells a prediction")
    lengths = data.source.args["lengths"][0] if data.apart == "lengths" else ""
    if data.apart:
        lines += _numbered(numbers, lengths)
    return SeriesPlan(
        labels=bool(labels),
        several=data.in_series if data.apart else bool(series),
        ordered=bool(order),
        arranged=arranged or bool(data.apart),
        sorts=arranged,
        apart=bool(data.apart),
        counted=lengths,
        read=_READ[data.apart],
        cuts=cuts_series(data),
        strided=feeds.stride > 1,
        torn=bool(series and data.group),
        static=bool(static),
        scaled=data.scaled_by_series,
        constants=tuple(lines),
    )


#: what tells series apart -> the rows of all of them
_READ = {"": "arrays", "axis": "in_rows(arrays)", "lengths": "in_rows(arrays, path)"}


def _fresh(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _numbered(names: Sequence[str], lengths: str) -> Iterator[str]:
    """The constants that name what tells rows of several series in arrays apart."""
    taken = (*names, lengths)
    yield from assign("SERIES", _fresh("series", taken), note="the number of a row's, from 1")
    yield from assign("ROW", _fresh("step", taken), note="the place of a row in its series, from 1")
    yield "ORIGIN = (SERIES, ROW)  # what tells a prediction"
    yield from assign("LENGTHS", lengths, note="how many steps a series has") if lengths else []


def input_rows(feed: Feed, rows: str, horizon: str) -> Code:
    """The rows of an input for windows that begin at the rows ``first``."""
    if feed.stands == "static":
        return Code(f"{rows}[first]")
    if feed.stands == "ahead":
        return Code(f"Windows({rows}, first + STEPS, {horizon})")
    return Code(f"Windows({rows}, first, STEPS)")


def target_rows(name: str, kind: str, windowed: bool, horizon: int) -> Code:
    """The targets of windows that begin at the rows ``first``."""
    if kind != "ahead":
        return Code(f"windows({name}, STEPS)[first{' + 1' if kind == 'next_step' else ''}]")
    if windowed:
        length = "HORIZON" if horizon > 1 else "1"
        return Code(f"windows({name}, {length})[first + STEPS]")
    return Code(f"{name}[first + STEPS]")
