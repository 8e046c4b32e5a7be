"""What a part of the data holds: the fields of ``Part``, the rows of a sample, units of targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.python_text import WIDTH, Code, Expr, Group, Names, Pair, statement
from seqspec.ir.task import Data, Term, Training
from seqspec.shapes.dim import Dim, Shape, show


@dataclass(frozen=True, slots=True)
class TargetsPlan:
    """What ``data.py`` says of its targets: ``batch`` is the line that says what a batch is.

    ``scaled`` and ``stacked`` are those of the only one; of several, ``invert`` is the body of the
    method, and ``inverts_columns`` whether it needs another one; ``inverted`` tells that some of
    them are scaled.
    """

    batch: str
    first: str
    scaled: bool
    stacked: bool
    invert: tuple[str, ...]
    inverts_columns: bool
    inverted: bool
    ignored: bool


def plan_targets(feeds: Feeds, training: Training) -> TargetsPlan:
    """Decides what is said of the targets."""
    several = training.several
    inputs = "Several" if several and training.weighted else "tuple[np.ndarray, ...]"
    kind = inputs if several else "np.ndarray"
    kinds = [inputs, kind, *([kind] if training.weighted else [])]
    named = "Several = tuple[np.ndarray, ...]  # an array for each output, or input\n"
    by_series = training.data.scaled_by_series
    end = "s" if several else ""
    note = f"inputs, target{end}" + (f", weight{end}" if training.weighted else "")
    return TargetsPlan(
        batch=(named if inputs == "Several" else "")
        + f"Batch = tuple[{', '.join(kinds)}]  # {note}",
        first="targets[0]" if several else "target",
        scaled=feeds.targets[0].scaled,
        stacked=feeds.targets[0].stacked,
        invert=tuple(_inverted(feeds.targets, by_series=by_series)) if several else (),
        ignored=bool(ignored_ids(feeds, training)),
        inverted=any(feed.scaled for feed in feeds.targets),
        inverts_columns=any(feed.scaled and feed.stacked for feed in feeds.targets),
    )


def ignored_ids(feeds: Feeds, training: Training) -> dict[str, int]:
    """The ids that losses ignore and that are no ids of classes."""
    found: dict[str, int] = {}
    for term, feed in zip(training.terms, feeds.targets, strict=True):
        ignored = term.ignore_class
        if ignored is not None and not 0 <= ignored < (feed.bound or 0):
            found |= dict.fromkeys(feed.names, ignored)
    return found


def part_fields(feeds: Feeds, training: Training, *, cuts: bool) -> list[str]:
    """The fields, each with the shapes of its arrays; several targets are a tuple.

    ``cuts`` says that windows of inputs are cut out of several series when they are asked for.
    """
    return [
        *_part_fields(feeds, cuts=cuts, several=training.several),
        *_told_fields(training),
        *_weight_fields(feeds, training),
    ]


def _told_fields(training: Training) -> list[str]:
    """What is known of samples besides what a model sees: their series, and a naive forecast."""
    fields: list[str] = []
    if training.data.scaled_by_series:
        fields.append("series: np.ndarray  # [B], what each sample is a part of")
    if training.forecast:
        note = "by score: what errors are divided by, to be broadcast to the target"
        fields += _noted("naive: dict[str, np.ndarray]", note)
    return fields


def _weight_fields(feeds: Feeds, training: Training) -> list[str]:
    if not training.weighted:
        return []
    shapes = [show(_weight_shape(term, feeds)) for term in training.terms]
    if not training.several:
        steps = feeds.target.ragged and feeds.weighs_steps(training.only)
        kind = "Ragged" if steps else "np.ndarray"
        return _noted(f"weight: {kind}", f"{shapes[0]}, in the loss")
    weights = ", ".join(f"{t.output} {s}" for t, s in zip(training.terms, shapes, strict=True))
    pairs = zip(training.terms, feeds.targets, strict=True)
    steps = any(feed.ragged and feeds.weighs_steps(term) for term, feed in pairs)
    return _noted(f"weights: tuple[np.ndarray{' | Ragged' if steps else ''}, ...]", weights)


def _weight_shape(term: Term, feeds: Feeds) -> Shape:
    shape = term.value.tensor.shape[:-1]
    if feeds.streamed:
        return (Dim.of("rows"),)
    feed = feeds.weights.get(term.output)
    if term.class_weight is not None or feeds.windowed or (feed is not None and feed.per_step):
        return shape
    return (shape[0], *(Dim.of(1) for _ in shape[1:]))


def _part_fields(feeds: Feeds, *, cuts: bool, several: bool) -> list[str]:
    inputs = ", ".join(f"{feed.variable} {_shape(feed)}" for feed in feeds.inputs)
    if feeds.streamed:
        of = "what the next one has" if feeds.target.kind == "next_step" else "its own"
        note = f"{_shape(feeds.target)}; of each row {of}"
        if not several:
            return ["stream: Stream", f"target: np.ndarray  # {note}"]
        targets = ", ".join(f"{feed.output} {_shape(feed)}" for feed in feeds.targets)
        return ["stream: Stream", *_noted("targets: tuple[np.ndarray, ...]", targets)]
    kind = "np.ndarray | Ragged" if feeds.lengths else "np.ndarray"
    fields = _noted("inputs: Inputs" if cuts else f"inputs: tuple[{kind}, ...]", inputs)
    if not several:
        kind = "Ragged" if feeds.target.ragged else "np.ndarray"
        return [*fields, *_noted(f"target: {kind}", _shape(feeds.target))]
    targets = ", ".join(f"{feed.output} {_shape(feed)}" for feed in feeds.targets)
    kind = "np.ndarray | Ragged" if any(feed.ragged for feed in feeds.targets) else "np.ndarray"
    return [*fields, *_noted(f"targets: tuple[{kind}, ...]", targets)]


def first_batch(training: Training) -> list[str]:
    """The lines that give the first batch of a part, as a part of its own."""
    if training.data.streams is not None:
        return []  # data.py has it
    if training.data.scaled_by_series:
        return list(_first_of_series(training))
    if training.forecast:
        *lines, last = _first_batch(training)
        return [*lines, f"naive = {_FIRST_NAIVE}", last.removesuffix(")") + ", naive=naive)"]
    return _first_batch(training)


#: What is broadcast to all samples has one entry, which stays.
_FIRST_NAIVE = "{name: errors[:BATCH_SIZE] for name, errors in part.naive.items()}"


def _first_batch(training: Training) -> list[str]:
    cut = "tuple(array[:BATCH_SIZE] for array in part.{})"
    if training.several:
        names = ["inputs", "targets", *(["weights"] if training.weighted else [])]
        lines = [f"{name} = {cut.format(name)}" for name in names[:-1]]
        return [*lines, f"return Part({', '.join(names[:-1])}, {cut.format(names[-1])})"]
    if training.weighted:
        head = f"inputs = {cut.format('inputs')}"
        return [head, "return Part(inputs, part.target[:BATCH_SIZE], part.weight[:BATCH_SIZE])"]
    return [f"return Part({cut.format('inputs')}, part.target[:BATCH_SIZE])"]


def _first_of_series(training: Training) -> Iterator[str]:
    """The same, of samples that know what series they are of."""
    end = "s" if training.several else ""
    cut = "tuple(array[:BATCH_SIZE] for array in part.{})"
    yield "return Part("
    yield f"    inputs={cut.format('inputs')},"
    for name in (f"target{end}", *([f"weight{end}"] if training.weighted else [])):
        first = cut.format(name) if training.several else f"part.{name}[:BATCH_SIZE]"
        yield f"    {name}={first},"
    yield "    series=part.series[:BATCH_SIZE],"
    if training.forecast:
        yield f"    naive={_FIRST_NAIVE},"
    yield ")"


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


def _inverted(targets: Sequence[Feed], *, by_series: bool) -> Iterator[str]:
    """The body of ``invert_targets``: each output in original units, those scaled changed."""
    names = Names(("np", "self", "series", "values"))
    variables = [names.fresh(feed.output) for feed in targets]
    yield f"{', '.join(variables)} = values"
    inverse = _inverse_of_series if by_series else _inverse
    inverted = [inverse(feed, name) for feed, name in zip(targets, variables, strict=True)]
    # Laid out where it will stand; the template indents it again.
    for line in statement("return ", Group("(", tuple(Code(i) for i in inverted)), indent=8):
        yield line[8:]


def _inverse(feed: Feed, variable: str) -> str:
    if not feed.scaled:
        return variable
    if feed.stacked:
        return f"self.invert({variable}, {feed.constant})"
    if feed.ragged:
        return f"self.restored({feed.key}, {variable})"
    return f"{variable} * self.factor[{feed.key}] + self.shift[{feed.key}]"


def _inverse_of_series(feed: Feed, variable: str) -> str:
    if not feed.scaled:
        return variable
    return f"self.invert({variable}, {feed.constant or f'({feed.key},)'}, series)"


def _noted(field: str, note: str) -> list[str]:
    line = f"{field}  # {note}"
    return [line] if len(line) <= WIDTH - 4 else [f"# {note}", field]


def _shape(feed: Feed) -> str:
    return "[" + ", ".join(str(dim) for dim in feed.shape) + "]"


def shapes_of(data: Data, feeds: Feeds) -> tuple[Expr, ...]:
    """The shape of each array that is read, as the spec declares it."""
    entries: dict[str, Pair] = {}
    for feed in feeds.all:
        sizes: list[Expr] = [dim.value or str(dim) for dim in feed.shape]
        if feed.ragged:
            entries.setdefault(feed.lengths, Pair(feed.lengths, Group("(", (sizes[0],))))
            steps = "steps" if len(feeds.lengths) == 1 else f"{sizes[1]} steps"
            sizes = [steps, *sizes[2:]]
        elif feed.windowed:
            sizes = ["rows", *sizes[2:]]
        elif feeds.windowed:
            sizes = ["rows", *sizes[1:]]
        elif data.apart:
            sizes = [*(["series"] if data.apart == "axis" else []), "steps", *sizes[1:]]
        for name in feed.names:
            entries.setdefault(name, Pair(name, Group("(", tuple(sizes))))
    if data.apart == "lengths":
        entries.setdefault("", Pair(Code("LENGTHS"), Group("(", ("series",))))
    if data.group:
        batch = feeds.inputs[0].shape[0]
        size = Group("(", (batch.value or str(batch),))
        entries.setdefault(data.group, Pair(Code("GROUP"), size))
    return tuple(entries.values())
