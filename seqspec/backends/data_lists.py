"""The plan of ``data.py`` where lines hold lists of ids, which need no vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds, names_of
from seqspec.backends.data_part import ignored_ids
from seqspec.backends.python_text import Call, Expr, Group, assign, flat, literal, mapping
from seqspec.ir.files import LONGEST_LINE, source_path
from seqspec.ir.task import Data, Task, Training


@dataclass(frozen=True, slots=True)
class ListsPlan:
    """The template's values; see ``templates/_shared/data/read_ids.j2``.

    ``some_single`` tells that a field has one id instead of a list, ``weighed`` that some hold
    numbers that weigh lines. ``alike`` are the lines that compare how many ids fields have,
    ``shifted`` tells a column whose next step is a target. ``padded`` tells that sequences are
    padded with other ids than 0, ``ignored`` that an id counts in no loss.
    """

    constants: tuple[str, ...]
    some_single: bool
    weighed: bool
    alike: tuple[str, ...]
    shifted: str
    padded: bool
    ignored: bool


def plan_lists(task: Task, training: Training) -> ListsPlan:
    """Decides how lines of ids are read."""
    data: Data = training.data
    feeds = Feeds(task, training)
    lists = names_of(feed for feed in feeds.all if feed.ragged)
    weights = tuple(dict.fromkeys(weight.name for weight in data.weights.values()))
    ids = names_of((*feeds.inputs, *feeds.targets))
    some_single = not set(ids) <= set(lists)
    fills = [(name, feed.fill) for feed in feeds.all if feed.fill for name in feed.names]
    ignored = ignored_ids(feeds, training)

    lines = assign("DATA_PATH", Call("Path", (literal(source_path(data.source)),)), note=_PATH)
    fields: tuple[str, ...] = data.source.args["columns"]
    lines += assign("FIELDS", Group("(", fields), note="of a line, in order")
    columns = tuple(dict.fromkeys((*ids, *weights)))
    lines += assign("COLUMNS", Group("(", columns), note="those that are read")
    lines += assign("INPUTS", Group("(", names_of(feeds.inputs)))
    if some_single:
        lines += assign("LISTS", Group("(", lists), note="of as many ids as there are")
    if training.several:
        outputs = tuple(term.output for term in training.terms)
        lines += assign("OUTPUTS", Group("(", outputs), note="of the model, with a target each")
    else:
        lines += assign("TARGET", feeds.target.names[0])
    if weights:
        lines += assign("WEIGHTS", Group("(", weights), note="what a line weighs in a loss")
    bounds: list[tuple[str, Expr]] = list(feeds.bounds().items())
    lines += assign("BOUNDS", mapping(bounds), note="ids lie in [0, bound)")
    if ignored:
        lines += assign("IGNORED", mapping(list(ignored.items())), note="counts in no loss")
    if fills:
        lines += assign("PADDING", mapping(list(fills)), note="what pads them, where not 0")
    lines.append(f"LONGEST_LINE = {LONGEST_LINE:_}  # bytes")
    return ListsPlan(
        constants=tuple(lines),
        some_single=some_single,
        weighed=bool(weights),
        alike=tuple(alike_lines(feeds, "ids")),
        shifted=_shifted(feeds, several=training.several),
        padded=bool(fills),
        ignored=bool(ignored),
    )


def _shifted(feeds: Feeds, *, several: bool) -> str:
    """The condition that the next step of a column is a target; empty if that of none is."""
    names = names_of(feed for feed in feeds.targets if feed.kind == "next_step")
    if not names:
        return ""
    return f"name in {flat(Group('(', names))}" if several else "name == TARGET"


def alike_lines(feeds: Feeds, unit: str) -> list[str]:
    """Columns of one time axis must have as many tokens; a target may not be there."""
    by_axis: dict[str, list[Feed]] = {}
    for feed in feeds.all:
        if feed.ragged:
            by_axis.setdefault(feed.lengths, []).append(feed)
    lines: list[str] = []
    for together in by_axis.values():
        names = names_of(together)
        if len(names) > 1:
            group = ", ".join(str(literal(name)) for name in names)
            lines += [
                f"found = {{name: len(rows[name][-1]) for name in ({group}) if name in rows}}",
                "if len(set(found.values())) > 1:",
                f'    raise DataError(f"{{place}}: not as many {unit} in each column: {{found}}")',
            ]
    return lines


_PATH = "as in the spec, from the current folder"
