"""The plan of streams in ``data.py``: rows of series, read side by side in chunks.

A batch holds steps of lanes that all go on: it ends where one of its lanes does, so that nothing is
padded and no lane has to be told apart from what comes after its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.data_mapped import rows_on_disk
from seqspec.backends.data_prediction import PredictionPlan
from seqspec.backends.data_samples import Samples
from seqspec.backends.data_series import SeriesPlan
from seqspec.backends.python_text import WIDTH, Code, Expr, Group, call, definition, statement
from seqspec.ir.carried import cut_alike
from seqspec.ir.graph import Graph
from seqspec.ir.task import Data, Training


@dataclass(frozen=True, slots=True)
class StreamsPlan:
    """The template's values; see ``templates/_shared/data/streams.j2``.

    ``doc`` says what a stream is, ``each`` what is cut into lanes, ``alone`` where one stands that
    is not. ``inputs`` and ``batch`` are the expressions for what a chunk holds; ``several`` tells
    several series, ``parted`` series that are cut into lanes, ``on`` a column that clears state;
    ``sized`` that not all lanes share a batch, ``alike`` that it does not matter where a stream is
    cut. ``lacking`` says why there is no lane, if so.
    """

    constants: tuple[str, ...]
    doc: str
    each: str
    alone: str
    field: str
    inputs: tuple[str, ...]
    batch: tuple[str, ...]
    several: bool
    parted: bool
    on: bool
    sized: bool
    alike: bool
    signature: tuple[str, ...]
    note: tuple[str, ...]
    lacking: str


def plan_streams(
    feeds: Feeds, graph: Graph, training: Training, series: SeriesPlan
) -> StreamsPlan | None:
    """Decides how streams are read; None if there are none."""
    streams = training.data.streams
    if streams is None:
        return None
    lanes = int(streams.args["lanes"])
    lines = [f"CHUNK = {streams.args['chunk']}  # steps of a batch; gradients end there"]
    if lanes > 1:
        whole = "the text" if training.data.texts else "a series"
        lines.append(f"LANES = {lanes}  # parts of {whole} that are read side by side")
    alike = cut_alike(graph)
    parameters = ["stream: Stream", *(["size: int"] if training.lanes is not None else []), "*"]
    parameters += [*(["longest: int = CHUNK"] if alike else []), "cleared: bool = True"]
    where = ["one of its lanes ends"] + ([f"{feeds.reset} changes"] if feeds.reset else [])
    note = (
        f"A chunk has {'`longest`' if alike else 'CHUNK'} steps, fewer where {' or '.join(where)}: "
    )
    note += "what it holds are steps of the data, with no padding. The first ones begin with a "
    note += "cleared state, unless told otherwise."
    shapes = ", ".join(f"{f.variable} [{', '.join(map(str, f.shape))}]" for f in feeds.inputs)
    return StreamsPlan(
        constants=tuple(lines),
        **_said(training.data, lanes),
        field=shapes,
        inputs=tuple(_chunk_of_inputs(feeds)),
        batch=tuple(_batch(training)),
        several=series.several,
        parted=lanes > 1,
        on=bool(feeds.reset),
        sized=training.lanes is not None,
        alike=alike,
        signature=tuple(definition("chunks", parameters, "list[Chunk]")),
        note=tuple(wrap(note, WIDTH - 4)),
        lacking=_lacking(training.data, beyond=feeds.beyond > 0),
    )


def _said(data: Data, lanes: int) -> dict[str, str]:
    """What the file says of what is cut into lanes."""
    if data.texts:
        side = "the lanes in which they are read side by side" if lanes > 1 else "where they stand"
        doc = f"The ids of a text, and {side}."
        return {"doc": doc, "each": "a text", "alone": "all in one lane"}
    doc = "Rows of series one after the other, and the lanes in which they are read side by side."
    return {"doc": doc, "each": "each series", "alone": "each series in a lane of its own"}


def _lacking(data: Data, *, beyond: bool) -> str:
    """What is wrong with data out of which no lane can be cut."""
    if data.tokens is not None:
        unit = data.tokens.entry.facts["unit"]
        return f"there is no {unit}{' with one after it' if beyond else ''}"
    return f"no series has {'a step and the one after it' if beyond else 'a row'}"


def _chunk_of_inputs(feeds: Feeds) -> list[str]:
    places = ["chunk.first" if feed.stands == "static" else "rows" for feed in feeds.inputs]
    if len(set(places)) == 1 and places[0] == "rows":
        return ["rows = chunk.rows", "return tuple(values[rows] for values in self.inputs)"]
    values: list[Expr] = [Code(f"self.inputs[{n}][{place}]") for n, place in enumerate(places)]
    lines = statement("return ", Group("(", tuple(values)), indent=8)
    return ["rows = chunk.rows", *(line[8:] for line in lines)]


def _batch(training: Training) -> list[str]:
    inputs = "self.stream.batch(chunk)"
    cut = "tuple(values[rows] for values in self.{})"
    if training.several:
        names = ["targets", *(["weights"] if training.weighted else [])]
        given = [inputs, *(cut.format(name) for name in names)]
    else:
        names = ["target", *(["weight"] if training.weighted else [])]
        given = [inputs, *(f"self.{name}[rows]" for name in names)]
    whole = statement("return ", Code(", ".join(given)), indent=8)
    if len(whole[0]) > 100:
        whole = statement("return ", Group("(", tuple(map(Code, given))), indent=8)
    return ["rows = chunk.rows", *(line[8:] for line in whole)]


def assembled(feeds: Feeds, training: Training, samples: Samples) -> tuple[str, ...]:
    """The body of ``assemble``: the rows of a part as a stream, with its targets."""
    scales = any(feed.scaled for feed in feeds.all) and not _on_disk(training.data)
    lines = ["scaled = scaling.apply(part)"] if scales else []
    for feed in feeds.inputs:
        lines.append(f"{feed.variable} = {_rows(feed, 'part', training.data)}")
    known = list(feeds.inputs)
    targets: list[Expr] = []
    weights: list[Expr] = []
    for term, target in zip(training.terms, feeds.targets, strict=True):
        twin = next((feed for feed in known if feed.same_rows(target)), target)
        if twin is target:
            lines.append(f"{target.variable} = {_rows(target, 'part', training.data)}")
            known.append(target)
        after = "[1:]" if target.kind == "next_step" else ""
        targets.append(Code(f"{twin.variable}{after}"))
        if training.weighted:
            variable, line = samples.weight(term, target, twin.variable)
            lines += line
            weights.append(Code(f"{variable}{after}"))
    names = tuple(Code(feed.variable) for feed in feeds.inputs)
    lines += _returned("stream = ", _stream(names, "part", feeds, trained=True))
    if training.several:
        given = {"targets": Group("(", tuple(targets))}
        given |= {"weights": Group("(", tuple(weights))} if weights else {}
    else:
        given = {"target": targets[0]} | ({"weight": weights[0]} if weights else {})
    return (*lines, *_returned("return ", call("Part", Code("stream"), **given)))


def _on_disk(data: Data) -> bool:
    """Whether rows are memory maps of numbers; those of texts are ids, which are made anew."""
    return data.memory != "whole" and not data.texts


def _rows(feed: Feed, holder: str, data: Data) -> str:
    if _on_disk(data):
        return rows_on_disk(feed, holder, tabular=data.tabular)
    return feed.rows(holder, "scaled")


def _stream(inputs: tuple[Code, ...], holder: str, feeds: Feeds, *, trained: bool) -> Expr:
    more: list[Code] = []
    if trained:
        more += [Code(f"beyond={feeds.beyond}")] if feeds.beyond else []
        more += [Code("lanes=LANES")] if feeds.parted else []
    return call("stream_of", Code(holder), Group("(", inputs), *more)


def _returned(before: str, expr: Expr) -> list[str]:
    return [line[4:] for line in statement(before, expr, indent=4)]


def streamed(training: Training, feeds: Feeds, names: str, *, named: bool) -> PredictionPlan:
    """``inputs_for_prediction``: a stream of all rows of a file."""
    data = training.data
    holder = "part" if data.texts else "columns" if data.tabular else "arrays"
    # Texts are read and encoded before this.
    lines = [] if data.texts else [f"{holder} = read(path, {names})"]
    if data.missing == "interpolate":
        lines.append(f"{holder} = interpolate({holder}, path)")
    if any(feed.scaled for feed in feeds.inputs) and not _on_disk(data):
        lines.append(f"scaled = scaling.apply({holder})")
    inputs = tuple(Code(_rows(feed, holder, data)) for feed in feeds.inputs)
    if not named:
        lines += _returned("return ", _stream(inputs, holder, feeds, trained=False))
        return PredictionPlan(tuple(lines), "Stream")
    lines += _returned("stream = ", _stream(inputs, holder, feeds, trained=False))
    lines.append(f"return stream, origins({holder}, stream.rows)")
    return PredictionPlan(tuple(lines), "tuple[Stream, Origins]")
