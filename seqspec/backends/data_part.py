"""What a part of the data holds: the fields of ``Part``, the rows of a sample, units of targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.python_text import WIDTH, Code, Group, Names, statement


@dataclass(frozen=True, slots=True)
class TargetsPlan:
    """What ``data.py`` says of its targets: which is the first, how they get their units back.

    ``scaled`` and ``stacked`` are those of the only one; of several, ``invert`` is the body of the
    method, and ``inverts_columns`` whether it needs another one.
    """

    first: str
    scaled: bool
    stacked: bool
    invert: tuple[str, ...]
    inverts_columns: bool


def plan_targets(feeds: Feeds, *, several: bool) -> TargetsPlan:
    """Decides what is said of the targets."""
    return TargetsPlan(
        first="targets[0]" if several else "target",
        scaled=feeds.targets[0].scaled,
        stacked=feeds.targets[0].stacked,
        invert=tuple(_inverted(feeds.targets)) if several else (),
        inverts_columns=any(feed.scaled and feed.stacked for feed in feeds.targets),
    )


def part_fields(feeds: Feeds, *, cuts: bool, several: bool) -> list[str]:
    """The fields, each with the shapes of its arrays; ``several`` targets are a tuple.

    ``cuts`` says that windows of inputs are cut out of several series when they are asked for.
    """
    inputs = ", ".join(f"{feed.variable} {_shape(feed)}" for feed in feeds.inputs)
    kind = "np.ndarray | Ragged" if feeds.lengths else "np.ndarray"
    fields = _noted("inputs: Inputs" if cuts else f"inputs: tuple[{kind}, ...]", inputs)
    if not several:
        kind = "Ragged" if feeds.target.ragged else "np.ndarray"
        return [*fields, *_noted(f"target: {kind}", _shape(feeds.target))]
    targets = ", ".join(f"{feed.output} {_shape(feed)}" for feed in feeds.targets)
    return [*fields, *_noted("targets: tuple[np.ndarray, ...]", targets)]


def needed_rows(feeds: Feeds) -> tuple[str, str]:
    """How many rows one window and its targets take: an expression, and the same in words."""
    if not feeds.beyond:
        return "STEPS", "{STEPS} rows"
    if feeds.horizon > 1:
        return "STEPS + HORIZON", "{STEPS} rows and the {HORIZON} after them"
    return "STEPS + 1", "{STEPS} rows and the one after them"


def unpacked(names: Sequence[str], value: str) -> list[str]:
    """``a, b = value``, to be indented by four."""
    line = f"{', '.join(names)} = {value}"
    if len(line) <= WIDTH - 4:
        return [line]
    return ["(", *(f"    {name}," for name in names), f") = {value}"]


def _inverted(targets: Sequence[Feed]) -> Iterator[str]:
    """The body of ``invert_targets``: each output in original units, those scaled changed."""
    names = Names(("np", "self", "values"))
    variables = [names.fresh(feed.output) for feed in targets]
    yield f"{', '.join(variables)} = values"
    inverted = [_inverse(feed, name) for feed, name in zip(targets, variables, strict=True)]
    # Laid out where it will stand; the template indents it again.
    for line in statement("return ", Group("(", tuple(Code(i) for i in inverted)), indent=8):
        yield line[8:]


def _inverse(feed: Feed, variable: str) -> str:
    if not feed.scaled:
        return variable
    if feed.stacked:
        return f"self.invert({variable}, {feed.constant})"
    return f"{variable} * self.factor[{feed.key}] + self.shift[{feed.key}]"


def _noted(field: str, note: str) -> list[str]:
    line = f"{field}  # {note}"
    return [line] if len(line) <= WIDTH - 4 else [f"# {note}", field]


def _shape(feed: Feed) -> str:
    return "[" + ", ".join(str(dim) for dim in feed.shape) + "]"
